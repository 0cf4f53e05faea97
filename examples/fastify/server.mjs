// A countdown by Fastify: a reply that is a stream made from a generator.
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import Fastify from "fastify";

const app = Fastify();
const from = { type: "integer", minimum: 1, maximum: 20 };

async function* countdown(left) {
  yield "retry: 3000\n\n";
  for (; left > 0; left -= 1) {
    yield `event: tick\ndata: ${JSON.stringify({ left })}\n\n`;
    await sleep(2);
  }
  yield "event: liftoff\ndata: up\ndata: and away\n\n";
}

async function* failing() {
  yield 'event: tick\ndata: {"left": 2}\n\n';
  throw new Error("the engine is out of fuel");
}

const events = (reply, generator) =>
  reply.header("content-type", "text/event-stream").header("cache-control", "no-cache").send(Readable.from(generator));

app.get(
  "/countdown",
  { schema: { querystring: { type: "object", required: ["from"], properties: { from } } } },
  (request, reply) => events(reply, countdown(request.query.from)),
);
app.get("/failing", (_, reply) => events(reply, failing()));

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
