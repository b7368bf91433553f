"""Works on a topic as one of a group, each record at least once, through whichever broker is there.

    python subscriber.py STUBS ADDRESS,… GROUP TOPIC

STUBS is the folder with the generated modules. Prints the value of each record that it has worked on.
"""

import itertools
import queue
import sys
import time
import uuid

import grpc

stubs, addresses, group, topic = sys.argv[1:5]
sys.path.insert(0, stubs)

from moldau.v1 import gateway_pb2 as pb  # noqa: E402
from moldau.v1 import gateway_pb2_grpc  # noqa: E402

start = pb.SubscribeStart(
    group_id=group, topics=[topic], member_id=str(uuid.uuid4()), max_unacknowledged=20, reconnect_grace_ms=500
)
for address in itertools.cycle(addresses.split(",")):
    requests = queue.SimpleQueue()
    requests.put(pb.SubscribeRequest(start=start))
    with grpc.insecure_channel(address) as channel:
        try:
            for response in gateway_pb2_grpc.GatewayServiceStub(channel).Subscribe(iter(requests.get, None)):
                for record in response.delivery.records:
                    time.sleep(0.005)
                    print(record.value.decode(), flush=True)
                if response.HasField("delivery"):
                    done = pb.SubscribeAcknowledge(delivery_ids=[response.delivery.delivery_id])
                    requests.put(pb.SubscribeRequest(acknowledge=done))
        except grpc.RpcError as error:
            print(error.code(), file=sys.stderr)
    requests.put(None)
    time.sleep(0.2)
