import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { downloadFile } from "./download-file.ts";

const content = Buffer.alloc(100_000, "content");
const sha256 = createHash("sha256").update(content).digest("hex");

async function serve(
  listener: RequestListener,
): Promise<{ url: string; path: string; close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "tidegate-test-"));
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  onTestFinished(async () => {
    await close();
    await rm(directory, { recursive: true, force: true });
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new TypeError("it has a port");
  return { url: `http://127.0.0.1:${address.port}/archive`, path: join(directory, "archive"), close };
}

test("content with the right checksum is written, and progress reported in tenths", async () => {
  const { url, path } = await serve((_request, response) => {
    response.writeHead(200, { "content-length": content.length });
    response.write(content.subarray(0, 50_000));
    response.end(content.subarray(50_000));
  });
  const progress: string[] = [];
  await downloadFile(url, path, { sha256, onProgress: (message) => progress.push(message) });
  expect(await readFile(path)).toEqual(content);
  expect(progress.at(-1)).toBe("100%");
  expect(progress.length).toBeLessThanOrEqual(10);
});

test("a wrong checksum is an error that tells both", async () => {
  const { url, path } = await serve((_request, response) => response.end("other"));
  const actual = createHash("sha256").update("other").digest("hex");
  await expect(downloadFile(url, path, { sha256 })).rejects.toMatchObject({
    code: "install-failed",
    message: expect.stringMatching(new RegExp(`${actual}.*${sha256}`)),
  });
});

test("a server that does not answer is given up", async () => {
  const { url, path } = await serve(() => {});
  await expect(downloadFile(url, path, { sha256, connectTimeoutMs: 50 })).rejects.toThrow(
    "no answer for 50 ms",
  );
});

test("a server that stops in the middle is given up", async () => {
  const { url, path } = await serve((_request, response) => void response.write("a beginning"));
  await expect(downloadFile(url, path, { sha256, idleTimeoutMs: 50 })).rejects.toThrow("no data for 50 ms");
});

test("content without end is given up at the limit", async () => {
  const { url, path } = await serve((_request, response) => {
    const more = () => {
      while (response.write(content));
      response.once("drain", more);
    };
    more();
  });
  await expect(downloadFile(url, path, { sha256, maxBytes: 300_000 })).rejects.toThrow(
    "more than 300000 bytes",
  );
});

test("nobody listening is an error with the reason", async () => {
  const { url, path, close } = await serve(() => {});
  await close();
  await expect(downloadFile(url, path, { sha256 })).rejects.toThrow("ECONNREFUSED");
});

test("an abort is passed on as it is", async () => {
  const abort = new AbortController();
  const { url, path } = await serve(() => abort.abort(new Error("enough")));
  await expect(downloadFile(url, path, { sha256, signal: abort.signal })).rejects.toThrow(/^enough$/);
});
