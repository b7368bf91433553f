"""A client of Moldau made from its .proto files alone, by grpcio-tools.

    python client.py STUBS ADDRESS TOPIC CONVERSATION

STUBS is the folder with the generated modules, ADDRESS host:port of a broker, TOPIC the name of the topic it makes,
CONVERSATION the path of conversation.json. Prints `ok NAME` for each check that holds and ends with status 1 at the
first that does not.
"""

import json
import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

stubs, address, TOPIC, conversation = sys.argv[1:5]
sys.path.insert(0, stubs)

from moldau.v1 import (  # noqa: E402
    admin_pb2,
    admin_pb2_grpc,
    fetch_pb2,
    gateway_pb2,
    gateway_pb2_grpc,
    metadata_pb2,
    metadata_pb2_grpc,
    producer_pb2,
)

TIMEOUT_S = 15
with open(conversation, encoding="utf-8") as description:
    SAID = json.load(description)


def check(name, condition, detail=""):
    if not condition:
        print(f"not ok {name}: {detail}", file=sys.stderr)
        sys.exit(1)
    print(f"ok {name}", flush=True)


def error_info(error):
    status = rpc_status.from_call(error)
    for detail in status.details if status else []:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info
    return None


def create_topic(admin):
    request = admin_pb2.CreateTopicsRequest(
        topics=[admin_pb2.NewTopic(name=TOPIC, partitions=SAID["partitions"])]
    )
    result = admin.CreateTopics(request, timeout=TIMEOUT_S).results[0]
    check("create-topic", not result.HasField("error"), result)


def encoded(text):
    return None if text is None else text.encode()


def publish_and_read(gateway):
    records = [
        gateway_pb2.NewRecord(
            key=encoded(record["key"]),
            value=encoded(record["value"]),
            headers=[
                gateway_pb2.RecordHeader(key=header["key"], value=encoded(header["value"]))
                for header in record["headers"]
            ],
        )
        for record in SAID["records"]
    ]
    request = gateway_pb2.PublishRequest(
        topic=TOPIC, records=records, acks=producer_pb2.ACKS_ALL
    )
    results = gateway.Publish(request, timeout=TIMEOUT_S).results
    check("publish", [result.offset for result in results] == list(range(len(records))), results)

    request = gateway_pb2.ReadRequest(
        topic=TOPIC, earliest=fetch_pb2.EarliestPosition(), stop_at_end=True
    )
    read = [
        record
        for response in gateway.Read(request, timeout=TIMEOUT_S)
        for record in response.records
    ]
    check("read", [(record.key, record.value) for record in read] == [(r.key, r.value) for r in records], read)
    check("null-value", [r.HasField("value") for r in read] == [r["value"] is not None for r in SAID["records"]], read)
    check("headers", [list(record.headers) for record in read] == [list(r.headers) for r in records], read)
    check("timestamp", all(abs(record.timestamp_ms - time.time() * 1000) < 60_000 for record in read), read)


def publish_stream(gateway):
    def requests():
        for request_id in range(1, SAID["streamedRequests"] + 1):
            record = gateway_pb2.NewRecord(value=b"line %d" % request_id)
            publish = gateway_pb2.PublishRequest(topic=TOPIC, records=[record])
            yield gateway_pb2.PublishStreamRequest(request_id=request_id, publish=publish)

    answers = [
        response.answer
        for response in gateway.PublishStream(requests(), timeout=TIMEOUT_S)
        if response.WhichOneof("frame") == "answer"
    ]
    check("publish-stream", sorted(a.request_id for a in answers) == list(range(1, SAID["streamedRequests"] + 1)))
    check("publish-stream-errors", not any(a.HasField("error") for a in answers))


def errors(gateway):
    failure = SAID["failure"]
    request = gateway_pb2.ReadRequest(topic=failure["topic"], earliest=fetch_pb2.EarliestPosition())
    try:
        list(gateway.Read(request, timeout=TIMEOUT_S))
        check("error-status", False, "the call succeeded")
    except grpc.RpcError as error:
        check("error-status", error.code() == grpc.StatusCode[failure["status"]], error.code())
        info = error_info(error)
        check("error-info", info is not None and (info.reason, info.domain) == (failure["reason"], failure["domain"]), info)


def metadata(channel):
    stub = metadata_pb2_grpc.MetadataServiceStub(channel)
    answer = stub.GetMetadata(metadata_pb2.GetMetadataRequest(all_topics=True), timeout=TIMEOUT_S)
    check("metadata", TOPIC in [topic.name for topic in answer.topics], answer)


def health_and_reflection(channel):
    health = health_pb2_grpc.HealthStub(channel)
    status = health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S).status
    check("health", status == health_pb2.HealthCheckResponse.SERVING, status)
    services = ProtoReflectionDescriptorDatabase(channel).get_services()
    check("reflection", SAID["service"] in services, services)


with grpc.insecure_channel(address) as channel:
    create_topic(admin_pb2_grpc.AdminServiceStub(channel))
    gateway = gateway_pb2_grpc.GatewayServiceStub(channel)
    publish_and_read(gateway)
    publish_stream(gateway)
    errors(gateway)
    metadata(channel)
    health_and_reflection(channel)
