"""Works on a topic as one of a group, each record at least once.

    python subscriber.py STUBS ADDRESS GROUP TOPIC

STUBS is the folder with the generated modules. Prints the value of each record that it has worked on.
"""

import queue
import sys
import time

import grpc

stubs, address, group, topic = sys.argv[1:5]
sys.path.insert(0, stubs)

from moldau.v1 import gateway_pb2, gateway_pb2_grpc  # noqa: E402

start = gateway_pb2.SubscribeStart(
    group_id=group, topics=[topic], max_unacknowledged=20, reconnect_grace_ms=500
)
requests = queue.SimpleQueue()
requests.put(gateway_pb2.SubscribeRequest(start=start))
with grpc.insecure_channel(address) as channel:
    gateway = gateway_pb2_grpc.GatewayServiceStub(channel)
    for response in gateway.Subscribe(iter(requests.get, None)):
        if not response.HasField("delivery"):
            continue
        for record in response.delivery.records:
            time.sleep(0.005)
            print(record.value.decode(), flush=True)
        done = gateway_pb2.SubscribeAcknowledge(delivery_ids=[response.delivery.delivery_id])
        requests.put(gateway_pb2.SubscribeRequest(acknowledge=done))
