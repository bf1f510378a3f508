// A server of the npm library ws: /echo, /chat and GET /counts. Run `npm install` here first.
'use strict';

const http = require('node:http');
const { WebSocketServer } = require('ws');

const options = { port: 0, 'max-connections': Infinity };
for (let i = 2; i + 1 < process.argv.length; i += 2) {
  options[process.argv[i].replace(/^--/, '')] = Number(process.argv[i + 1]);
}

// Bytes are those of the payloads.
const counts = {
  connections_opened: 0,
  connections_refused: 0,
  connections_closed: 0,
  messages_received: 0,
  messages_sent: 0,
  bytes_received: 0,
  bytes_sent: 0,
};

const server = http.createServer((request, response) => {
  if (request.method === 'GET' && request.url === '/counts') {
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(counts));
  } else {
    response.writeHead(404);
    response.end();
  }
});

const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });

server.on('upgrade', (request, socket, head) => {
  if (counts.connections_opened - counts.connections_closed >= options['max-connections']) {
    counts.connections_refused += 1;
    socket.end('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfull');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (connection) => talk(connection, request.url));
});

function talk(connection, path) {
  counts.connections_opened += 1;
  connection.on('error', () => {}); // a close follows, and is what counts
  connection.on('close', () => {
    counts.connections_closed += 1;
  });
  connection.on('message', (data, isBinary) => {
    counts.messages_received += 1;
    counts.bytes_received += data.length;
    const reply =
      path === '/chat' ? Buffer.from(JSON.stringify({ reply_to: JSON.parse(data).id, ok: true })) : data;
    connection.send(reply, { binary: isBinary });
    counts.messages_sent += 1;
    counts.bytes_sent += reply.length;
  });
}

server.listen({ host: '127.0.0.1', port: options.port, backlog: 4096 }, () => {
  console.log(JSON.stringify({ ready: true, port: server.address().port }));
});
process.on('SIGTERM', () => process.exit(0));
process.stdin.on('end', () => process.exit(0)).resume();
