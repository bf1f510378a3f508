// A server of the npm library socket.io: what one says is acknowledged, and heard by everybody.
import { Server } from 'socket.io';

import { announce, serve, traffic } from './serve.mjs';

const counts = { ...traffic(), joined: 0, said: 0, left: 0, pongs: 0 };
const server = serve(counts);
// A heartbeat comes within the runs of the tests, and not as they end.
const io = new Server(server, { transports: ['websocket'], pingInterval: 1100, pingTimeout: 2000 });

// Packets of Engine.IO, of which each is one message of the WebSocket.
io.engine.on('connection', (engine) => {
  counts.connections_opened += 1;
  counts.messages_sent += 1; // the open packet has been sent by now
  engine.on('packet', ({ type }) => {
    counts.messages_received += 1;
    counts.pongs += type === 'pong' ? 1 : 0;
  });
  engine.on('packetCreate', () => { counts.messages_sent += 1; });
  engine.on('close', () => { counts.connections_closed += 1; });
});

io.on('connection', (socket) => {
  counts.joined += 1;
  socket.on('say', ({ text, mid }, acknowledge) => {
    counts.said += 1;
    socket.broadcast.emit('said', { text, mid });
    acknowledge({ ok: true, mid });
  });
  socket.on('disconnect', () => { counts.left += 1; });
});
announce(server);
