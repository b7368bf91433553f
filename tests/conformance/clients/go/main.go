// A client of Moldau made from its .proto files alone, by protoc-gen-go and protoc-gen-go-grpc.
//
//	client ADDRESS TOPIC CONVERSATION
//
// ADDRESS is host:port of a broker, TOPIC the name of the topic it makes, CONVERSATION the path of conversation.json.
// Prints `ok NAME` for each check that holds and ends with status 1 at the first that does not.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	moldau "conformance/gen/moldau/v1"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
)

// The conversation that every foreign client has; clients/conversation.json describes it.
type conversation struct {
	Partitions int32
	Records    []struct {
		Key     string
		Value   *string
		Headers []struct{ Key, Value string }
	}
	StreamedRequests uint64
	Failure          struct{ Topic, Status, Reason, Domain string }
	Service          string
}

var (
	topic string
	said  conversation
)

func check(name string, holds bool, detail any) {
	if !holds {
		fmt.Fprintf(os.Stderr, "not ok %s: %v\n", name, detail)
		os.Exit(1)
	}
	fmt.Println("ok", name)
}

func must(name string, err error) {
	check(name, err == nil, err)
}

func main() {
	topic = os.Args[2]
	description, err := os.ReadFile(os.Args[3])
	must("conversation", err)
	must("conversation-json", json.Unmarshal(description, &said))

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	connection, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	must("connect", err)
	defer connection.Close()

	createTopic(ctx, moldau.NewAdminServiceClient(connection))
	gateway := moldau.NewGatewayServiceClient(connection)
	publishAndRead(ctx, gateway)
	publishStream(ctx, gateway)
	failures(ctx, gateway)
	metadata(ctx, moldau.NewMetadataServiceClient(connection))
	healthAndReflection(ctx, connection)
}

func createTopic(ctx context.Context, admin moldau.AdminServiceClient) {
	answer, err := admin.CreateTopics(ctx, &moldau.CreateTopicsRequest{
		Topics: []*moldau.NewTopic{{Name: topic, Partitions: &said.Partitions}},
	})
	must("create-topic-call", err)
	check("create-topic", answer.Results[0].Error == nil, answer)
}

func publishAndRead(ctx context.Context, gateway moldau.GatewayServiceClient) {
	records := []*moldau.NewRecord{}
	for _, record := range said.Records {
		next := &moldau.NewRecord{Key: []byte(record.Key)}
		if record.Value != nil {
			next.Value = []byte(*record.Value)
		}
		for _, header := range record.Headers {
			next.Headers = append(next.Headers, &moldau.RecordHeader{Key: header.Key, Value: []byte(header.Value)})
		}
		records = append(records, next)
	}
	answer, err := gateway.Publish(ctx, &moldau.PublishRequest{Topic: topic, Acks: moldau.Acks_ACKS_ALL, Records: records})
	must("publish-call", err)
	for index, result := range answer.Results {
		check("publish", result.Error == nil && result.GetOffset() == int64(index), result)
	}

	stream, err := gateway.Read(ctx, &moldau.ReadRequest{
		Topic:     topic,
		From:      &moldau.ReadRequest_Earliest{Earliest: &moldau.EarliestPosition{}},
		StopAtEnd: true,
	})
	must("read-call", err)
	read := []*moldau.ReadRecord{}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		must("read-next", err)
		read = append(read, response.Records...)
	}
	check("read-count", len(read) == len(said.Records), read)
	for index, record := range said.Records {
		check("read", string(read[index].Key) == record.Key && (record.Value == nil || string(read[index].Value) == *record.Value), read[index])
		check("null-value", (read[index].Value == nil) == (record.Value == nil), read[index])
		check("headers-count", len(read[index].Headers) == len(record.Headers), read[index])
		for position, header := range record.Headers {
			found := read[index].Headers[position]
			check("headers", found.Key == header.Key && string(found.Value) == header.Value, found)
		}
		age := time.Since(time.UnixMilli(read[index].TimestampMs))
		check("timestamp", age.Abs() < time.Minute, read[index])
	}
}

func publishStream(ctx context.Context, gateway moldau.GatewayServiceClient) {
	stream, err := gateway.PublishStream(ctx)
	must("publish-stream-call", err)
	for id := uint64(1); id <= said.StreamedRequests; id++ {
		must("publish-stream-send", stream.Send(&moldau.PublishStreamRequest{
			RequestId: id,
			Publish:   &moldau.PublishRequest{Topic: topic, Records: []*moldau.NewRecord{{Value: fmt.Appendf(nil, "line %d", id)}}},
		}))
	}
	must("publish-stream-end", stream.CloseSend())
	answered := map[uint64]bool{}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		must("publish-stream-next", err)
		if answer := response.GetAnswer(); answer != nil {
			check("publish-stream-answer", answer.Error == nil, answer)
			answered[answer.RequestId] = true
		}
	}
	check("publish-stream", len(answered) == int(said.StreamedRequests), answered)
}

func failures(ctx context.Context, gateway moldau.GatewayServiceClient) {
	stream, err := gateway.Read(ctx, &moldau.ReadRequest{
		Topic: said.Failure.Topic,
		From:  &moldau.ReadRequest_Earliest{Earliest: &moldau.EarliestPosition{}},
	})
	must("error-call", err)
	_, err = stream.Recv()
	failure := status.Convert(err)
	var code codes.Code
	must("error-code", code.UnmarshalJSON([]byte(strconv.Quote(said.Failure.Status))))
	check("error-status", failure.Code() == code, failure)
	for _, detail := range failure.Details() {
		if info, found := detail.(*errdetails.ErrorInfo); found {
			check("error-info", info.Reason == said.Failure.Reason && info.Domain == said.Failure.Domain, info)
			return
		}
	}
	check("error-info", false, failure.Details())
}

func metadata(ctx context.Context, client moldau.MetadataServiceClient) {
	answer, err := client.GetMetadata(ctx, &moldau.GetMetadataRequest{AllTopics: true})
	must("metadata-call", err)
	check("metadata", slices.ContainsFunc(answer.Topics, func(found *moldau.TopicMetadata) bool { return found.GetName() == topic }), answer)
}

func healthAndReflection(ctx context.Context, connection *grpc.ClientConn) {
	health, err := grpc_health_v1.NewHealthClient(connection).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	must("health-call", err)
	check("health", health.Status == grpc_health_v1.HealthCheckResponse_SERVING, health)

	stream, err := grpc_reflection_v1.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	must("reflection-call", err)
	must("reflection-send", stream.Send(&grpc_reflection_v1.ServerReflectionRequest{
		MessageRequest: &grpc_reflection_v1.ServerReflectionRequest_ListServices{},
	}))
	answer, err := stream.Recv()
	must("reflection-next", err)
	services := answer.GetListServicesResponse().GetService()
	check("reflection", slices.ContainsFunc(services, func(service *grpc_reflection_v1.ServiceResponse) bool {
		return service.Name == said.Service
	}), services)
}
