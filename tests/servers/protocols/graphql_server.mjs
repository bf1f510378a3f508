// A server of the npm libraries graphql and graphql-ws: a query, a mutation, a subscription.
import { GraphQLEnumType, GraphQLInt, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { WebSocketServer } from 'ws';

import { announce, serve, traffic, watch } from './serve.mjs';

const counts = { ...traffic(), connected: 0, queries: 0, mutations: 0, subscriptions: 0, nexts: 0, completed: 0 };
const books = ['Emma', 'Ulysses', 'Middlemarch'];

async function* countdown(from) {
  for (let left = from; left > 0; left -= 1) {
    await new Promise((resolve) => { setTimeout(resolve, 20); });
    yield { countdown: left };
  }
}

const text = { type: new GraphQLNonNull(GraphQLString) };
const Shelf = new GraphQLEnumType({ name: 'Shelf', values: { FICTION: {}, FACTS: {} } });
const schema = new GraphQLSchema({
  query: new GraphQLObjectType({
    name: 'Query',
    fields: {
      books: {
        type: new GraphQLList(GraphQLString),
        args: { shelf: { type: Shelf } },
        resolve: () => { counts.queries += 1; return books; },
      },
    },
  }),
  mutation: new GraphQLObjectType({
    name: 'Mutation',
    fields: {
      rename: {
        ...text,
        args: { title: text },
        resolve: (_, { title }) => { counts.mutations += 1; return title.toUpperCase(); },
      },
    },
  }),
  subscription: new GraphQLObjectType({
    name: 'Subscription',
    fields: {
      countdown: {
        type: GraphQLInt,
        args: { from: { type: new GraphQLNonNull(GraphQLInt) } },
        subscribe: (_, { from }) => { counts.subscriptions += 1; return countdown(from); },
      },
    },
  }),
});

const server = serve(counts);
const sockets = new WebSocketServer({ server, path: '/graphql', perMessageDeflate: false });
sockets.on('connection', (socket) => watch(socket, counts));
useServer({
  schema,
  onConnect: ({ connectionParams }) => {
    counts.connected += 1;
    return connectionParams?.token === 'let-me-in';
  },
  onNext: () => { counts.nexts += 1; },
  onComplete: () => { counts.completed += 1; },
}, sockets);
announce(server);
