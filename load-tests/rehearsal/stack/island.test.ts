import { once } from "node:events";
import { connect, createServer } from "node:net";
import { spawnNode } from "@tidegate/testkit";
import { expect, onTestFinished, test } from "vitest";
import { Island } from "./island.ts";

const ECHO_FILE = new URL("island-echo.fixture.ts", import.meta.url);

/** Networks of one's own are root's. */
const isRoot = process.getuid?.() === 0;

test.runIf(isRoot)(
  "nothing passes while an island is cut off, and all of it when it is not any more",
  async () => {
    const island = await Island.rise();
    onTestFinished(() => island.sink());
    await using echo = await spawnNode(ECHO_FILE, { runner: island.runner, args: [island.inside] });
    const port = Number(await echo.waitForLine(/^\d+$/));
    const socket = connect({ host: island.inside, port });
    onTestFinished(() => void socket.destroy());
    const heard: string[] = [];
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => heard.push(text));
    await once(socket, "connect");
    socket.write("before ");
    await once(socket, "data");
    await island.cutOff();
    socket.write("meanwhile ");
    await expect(once(socket, "data", { signal: AbortSignal.timeout(500) })).rejects.toThrow();
    await island.rejoin();
    await once(socket, "data");
    expect(heard.join("")).toBe("before meanwhile ");
  },
);

test.runIf(isRoot)("who is on an island reaches this machine by its address there", async () => {
  const island = await Island.rise();
  onTestFinished(() => island.sink());
  const server = createServer().listen(0, island.outside);
  onTestFinished(() => void server.close());
  await once(server, "listening");
  expect(server.address()).toMatchObject({ address: island.outside });
});
