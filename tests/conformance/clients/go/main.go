// A client of Moldau made from its .proto files alone, by protoc-gen-go and protoc-gen-go-grpc.
//
//	client ADDRESS
//
// Prints `ok NAME` for each check that holds and ends with status 1 at the first that does not.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
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

const topic = "go"

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
	healthAndReflection(ctx, connection)
}

func createTopic(ctx context.Context, admin moldau.AdminServiceClient) {
	partitions := int32(3)
	answer, err := admin.CreateTopics(ctx, &moldau.CreateTopicsRequest{
		Topics: []*moldau.NewTopic{{Name: topic, Partitions: &partitions}},
	})
	must("create-topic-call", err)
	check("create-topic", answer.Results[0].Error == nil, answer)
}

func publishAndRead(ctx context.Context, gateway moldau.GatewayServiceClient) {
	answer, err := gateway.Publish(ctx, &moldau.PublishRequest{
		Topic: topic,
		Acks:  moldau.Acks_ACKS_ALL,
		Records: []*moldau.NewRecord{
			{Key: []byte("PRG"), Value: []byte("late"), Headers: []*moldau.RecordHeader{{Key: "carrier", Value: []byte("OK")}}},
			{Key: []byte("PRG"), Value: []byte{}},
			{Key: []byte("PRG")},
		},
	})
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
	check("read", len(read) == 3 && string(read[0].Value) == "late", read)
	check("null-value", read[1].Value != nil && read[2].Value == nil, read)
	check("headers", len(read[0].Headers) == 1 && string(read[0].Headers[0].Value) == "OK", read[0])
}

func publishStream(ctx context.Context, gateway moldau.GatewayServiceClient) {
	stream, err := gateway.PublishStream(ctx)
	must("publish-stream-call", err)
	for id := uint64(1); id <= 50; id++ {
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
	check("publish-stream", len(answered) == 50, answered)
}

func failures(ctx context.Context, gateway moldau.GatewayServiceClient) {
	stream, err := gateway.Read(ctx, &moldau.ReadRequest{
		Topic: "no-such-topic",
		From:  &moldau.ReadRequest_Earliest{Earliest: &moldau.EarliestPosition{}},
	})
	must("error-call", err)
	_, err = stream.Recv()
	failure := status.Convert(err)
	check("error-status", failure.Code() == codes.NotFound, failure)
	for _, detail := range failure.Details() {
		if info, found := detail.(*errdetails.ErrorInfo); found {
			check("error-info", info.Reason == "UNKNOWN_TOPIC" && info.Domain == "moldau", info)
			return
		}
	}
	check("error-info", false, failure.Details())
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
		return service.Name == "moldau.v1.GatewayService"
	}), services)
}
