// A broker of the npm library stomp-broker-js (STOMP 1.1).
import StompServer from 'stomp-broker-js';
import { ServerFrame } from 'stomp-broker-js/lib/stomp.js';

import { announce, serve, traffic, watch } from './serve.mjs';

const counts = { ...traffic(), connected: 0, subscribed: 0, unsubscribed: 0, sent: 0 };
const server = serve(counts);
const broker = new StompServer({ server, path: '/stomp', heartbeat: [0, 0], serverName: 'broker' });
broker.socket.on('connection', (socket) => watch(socket, counts));
broker.on('connected', () => { counts.connected += 1; });
broker.on('subscribe', () => { counts.subscribed += 1; });
broker.on('unsubscribe', () => { counts.unsubscribed += 1; });
broker.on('send', () => { counts.sent += 1; });

// Version 1.3.0 calls what answers a SEND without the function that writes its receipt: the frame is written here.
broker.addMiddleware('send', (socket, args, next) => {
  const { receipt } = args.frame.headers;
  delete args.frame.headers.receipt;
  const sent = next();
  if (receipt) ServerFrame.RECEIPT(socket, receipt);
  return sent;
});
announce(server);
