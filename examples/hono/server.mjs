// A countdown by Hono's streamSSE.
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE } from "hono/streaming";

const app = new Hono();

app.get("/countdown", (c) => {
  const text = c.req.query("from") ?? "";
  const from = Number(text);
  if (!/^[0-9]{1,2}$/.test(text) || from < 1 || from > 20) return c.json({ error: "from is a number from 1 to 20" }, 400);
  return streamSSE(c, async (stream) => {
    for (let left = from; left > 0; left -= 1) {
      await stream.writeSSE({ event: "tick", id: String(left), data: JSON.stringify({ left }), retry: 3000 });
      await stream.sleep(2);
    }
    await stream.writeSSE({ event: "liftoff", id: "0", data: "up\nand away" });
  });
});

app.get("/failing", (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ event: "tick", data: JSON.stringify({ left: 2 }) });
    throw new Error("the engine is out of fuel");
  }),
);

// streamSSE's third argument is told of errors; with it, the client is told, too.
app.get("/failing-told", (c) =>
  streamSSE(
    c,
    async (stream) => {
      await stream.writeSSE({ event: "tick", data: JSON.stringify({ left: 2 }) });
      throw new Error("the engine is out of fuel");
    },
    async () => {},
  ),
);

serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(process.env.PORT) });
