import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Endpoints by path: `/slow…` answers after a moment, `/held` when it is released, `/hanging` never, `/failing` with 500 and `/gone` with 410. */
export async function startReceiver() {
  const released = Promise.withResolvers<void>();
  const received: { readonly path: string; readonly body: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { url: path = "" } = request;
      received.push({ path, body: Buffer.concat(chunks).toString() });
      if (path === "/hanging") return;
      const status = path === "/failing" ? 500 : path === "/gone" ? 410 : 204;
      const answer = () => void response.writeHead(status).end();
      if (path === "/held") void released.promise.then(answer);
      else setTimeout(answer, path.startsWith("/slow") ? 20 : 0);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The bodies that came to a path. */
    of: (path: string) => received.filter((one) => one.path === path).map(({ body }) => body),
    /** Answers what is held, and from now on whatever comes there. */
    release: () => released.resolve(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
