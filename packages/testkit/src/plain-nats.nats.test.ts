import { expect, onTestFinished, test } from "vitest";
import { connectPlainNats, plainNatsHeaders } from "./plain-nats.ts";
import { startNats } from "./start-nats.ts";

test("messages go from one plain connection to another, with their headers", async () => {
  await using nats = await startNats({ own: true });
  await using sender = await connectPlainNats(nats.url);
  await using receiver = await connectPlainNats(`nats://127.0.0.1:1,${nats.url}`);
  const received = new Promise<unknown[]>((resolve) => {
    receiver.subscribe("rt.chat.lobby", {
      callback: (_error, message) =>
        resolve([message.string(), message.headers?.values("Multi"), message.headers?.get("One")]),
    });
  });
  await receiver.flush();
  sender.publish("rt.chat.lobby", "hello", { headers: plainNatsHeaders({ One: "1", Multi: ["a", "b"] }) });
  expect(await received).toEqual(["hello", ["a", "b"], "1"]);
});

test("a user and password, or a token, are taken from the address", async () => {
  await using withUser = await startNats({
    own: true,
    config: 'authorization { user: "a@b", password: "p:w/d" }',
  });
  await using asUser = await connectPlainNats(withUser.url.replace("://", "://a%40b:p%3Aw%2Fd@"));
  await asUser.flush();

  await using withToken = await startNats({ own: true, config: 'authorization { token: "s3cret" }' });
  await using byToken = await connectPlainNats(withToken.url.replace("://", "://s3cret@"));
  await byToken.flush();
});

test("a connection comes back when its server does", async () => {
  const nats = await startNats({ own: true });
  onTestFinished(() => nats.stop());
  await using connection = await connectPlainNats(nats.url);
  const reconnected = (async () => {
    for await (const { type } of connection.status()) if (type === "reconnect") return;
  })();
  await nats.kill();
  await nats.restart();
  await reconnected;
  await connection.flush();
});
