import type { Connector, MethodPath } from '@moldau/kernel';

/** A connector whose streams deliver what `tamper` makes of each message. */
export function tamperedConnector(connector: Connector, tamper: (path: MethodPath, bytes: Uint8Array) => Uint8Array): Connector {
  return {
    connect(address) {
      const channel = connector.connect(address);
      return {
        unary: (path, request, options) => channel.unary(path, request, options),
        stream: (path, options, events) =>
          channel.stream(path, options, {
            message: (bytes) => events.message(tamper(path, bytes)),
            drained: () => events.drained(),
            ended: () => events.ended(),
            closed: (status) => events.closed(status),
          }),
        close: () => channel.close(),
      };
    },
  };
}
