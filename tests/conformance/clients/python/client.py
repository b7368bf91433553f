"""A client of Moldau made from its .proto files alone, by grpcio-tools.

    python client.py ADDRESS STUBS

ADDRESS is host:port of a broker, STUBS the folder with the generated modules. Prints `ok NAME` for each check that
holds and ends with status 1 at the first that does not.
"""

import sys
import time

import grpc
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)
from grpc_status import rpc_status

address, stubs = sys.argv[1:3]
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
TOPIC = "python"


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
        topics=[admin_pb2.NewTopic(name=TOPIC, partitions=3)]
    )
    result = admin.CreateTopics(request, timeout=TIMEOUT_S).results[0]
    check("create-topic", not result.HasField("error"), result)


def publish_and_read(gateway):
    header = gateway_pb2.RecordHeader(key="carrier", value=b"OK")
    records = [
        gateway_pb2.NewRecord(key=b"PRG", value=b"late", headers=[header]),
        gateway_pb2.NewRecord(key=b"PRG", value=b""),
        gateway_pb2.NewRecord(key=b"PRG"),
    ]
    request = gateway_pb2.PublishRequest(
        topic=TOPIC, records=records, acks=producer_pb2.ACKS_ALL
    )
    results = gateway.Publish(request, timeout=TIMEOUT_S).results
    check("publish", [result.offset for result in results] == [0, 1, 2], results)

    request = gateway_pb2.ReadRequest(
        topic=TOPIC, earliest=fetch_pb2.EarliestPosition(), stop_at_end=True
    )
    read = [
        record
        for response in gateway.Read(request, timeout=TIMEOUT_S)
        for record in response.records
    ]
    check("read", [record.value for record in read] == [b"late", b"", b""], read)
    check("null-value", [record.HasField("value") for record in read] == [True, True, False])
    check("key", all(record.key == b"PRG" for record in read))
    check("headers", [(h.key, h.value) for h in read[0].headers] == [("carrier", b"OK")])
    check("timestamp", abs(read[0].timestamp_ms - time.time() * 1000) < 60_000)


def publish_stream(gateway):
    def requests():
        for request_id in range(1, 51):
            record = gateway_pb2.NewRecord(value=b"line %d" % request_id)
            publish = gateway_pb2.PublishRequest(topic=TOPIC, records=[record])
            yield gateway_pb2.PublishStreamRequest(request_id=request_id, publish=publish)

    answers = [
        response.answer
        for response in gateway.PublishStream(requests(), timeout=TIMEOUT_S)
        if response.WhichOneof("frame") == "answer"
    ]
    check("publish-stream", sorted(a.request_id for a in answers) == list(range(1, 51)))
    check("publish-stream-errors", not any(a.HasField("error") for a in answers))


def errors(gateway):
    request = gateway_pb2.ReadRequest(topic="no-such-topic", earliest=fetch_pb2.EarliestPosition())
    try:
        list(gateway.Read(request, timeout=TIMEOUT_S))
        check("error-status", False, "the call succeeded")
    except grpc.RpcError as error:
        check("error-status", error.code() == grpc.StatusCode.NOT_FOUND, error.code())
        info = error_info(error)
        check("error-info", info is not None and info.reason == "UNKNOWN_TOPIC", info)
        check("error-domain", info.domain == "moldau", info)


def metadata(channel):
    stub = metadata_pb2_grpc.MetadataServiceStub(channel)
    answer = stub.GetMetadata(metadata_pb2.GetMetadataRequest(all_topics=True), timeout=TIMEOUT_S)
    check("metadata", TOPIC in [topic.name for topic in answer.topics], answer)


def health_and_reflection(channel):
    health = health_pb2_grpc.HealthStub(channel)
    status = health.Check(health_pb2.HealthCheckRequest(), timeout=TIMEOUT_S).status
    check("health", status == health_pb2.HealthCheckResponse.SERVING, status)
    services = ProtoReflectionDescriptorDatabase(channel).get_services()
    check("reflection", "moldau.v1.GatewayService" in services, services)


with grpc.insecure_channel(address) as channel:
    create_topic(admin_pb2_grpc.AdminServiceStub(channel))
    gateway = gateway_pb2_grpc.GatewayServiceStub(channel)
    publish_and_read(gateway)
    publish_stream(gateway)
    errors(gateway)
    metadata(channel)
    health_and_reflection(channel)
