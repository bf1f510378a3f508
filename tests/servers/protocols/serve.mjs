// What the servers in node share: a port of this machine, GET /counts, an announcement, and an end with stdin.
import http from 'node:http';

export function serve(counts) {
  return http.createServer((request, response) => {
    if (request.method === 'GET' && request.url === '/counts') {
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(counts));
    } else {
      response.writeHead(404);
      response.end();
    }
  });
}

export function announce(server) {
  server.listen(0, '127.0.0.1', () => {
    console.log(JSON.stringify({ ready: true, port: server.address().port }));
  });
  process.stdin.on('end', () => process.exit(0)).resume();
}

// Counts the messages of a connection of the library ws, both ways.
export function watch(socket, counts) {
  counts.connections_opened += 1;
  socket.on('message', () => { counts.messages_received += 1; });
  socket.on('close', (code) => {
    counts.connections_closed += 1;
    counts.closes[code] = (counts.closes[code] ?? 0) + 1;
  });
  const send = socket.send.bind(socket);
  socket.send = (...given) => {
    counts.messages_sent += 1;
    return send(...given);
  };
}

export function traffic() {
  return { connections_opened: 0, connections_closed: 0, messages_received: 0, messages_sent: 0, closes: {} };
}
