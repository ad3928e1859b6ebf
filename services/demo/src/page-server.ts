import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { gatewayNodes } from "./gateway-node.ts";
import { readJsonBody } from "./json-body.ts";
import { listPageFiles } from "./page-files.ts";
import { pageHeaders } from "./page-headers.ts";
import { renderIndex } from "./render-index.ts";
import { VISITOR_TOKEN_SECONDS, visitorName, visitorToken } from "./visitor-token.ts";

export interface PageServerOptions {
  readonly host: string;
  readonly port: number;
  readonly pageDirectory: string;
  /** Addresses of the gateways that visitors may choose from. */
  readonly gateways: readonly string[];
  readonly isReady: () => boolean;
  /** Publishes a line to the lobby; false if that cannot be done now. */
  readonly say: (text: string, name: string | undefined) => boolean;
  /** Told of what went wrong inside; the client only hears that something did. */
  readonly onError: (error: unknown) => void;
}

export interface PageServer {
  /** `http://host:port` */
  readonly address: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string | Buffer;
}

const LONGEST_LINE = 2000;

/**
 * Serves the page, its tokens and `/say`, on which anything that speaks HTTP can put a line into the lobby: a
 * backend as any other, whose only tie to the gateways is a plain publish to NATS.
 *
 * @throws Error of `listen` if the port cannot be had, and what `listPageFiles` and `gatewayNodes` throw.
 */
export async function startPageServer(options: PageServerOptions): Promise<PageServer> {
  const nodes = gatewayNodes(options.gateways);
  const headers = pageHeaders(nodes);
  const get = new Map<string, () => Answer>([
    ["/livez", () => json(200, { status: "live" })],
    [
      "/readyz",
      () => (options.isReady() ? json(200, { status: "ready" }) : json(503, { status: "not ready" })),
    ],
  ]);
  for (const [path, { type, read }] of listPageFiles(options.pageDirectory)) {
    const isIndex = path === "/" || path === "/index.html";
    const body = isIndex ? () => renderIndex(read().toString("utf8"), nodes) : read;
    get.set(path, () => ({ status: 200, type, body: body() }));
  }
  const post = new Map<string, (fields: Readonly<Record<string, unknown>>) => Promise<Answer> | Answer>([
    ["/token", answerToken],
    ["/say", (fields) => answerSay(fields, options.say)],
  ]);

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const known = request.method === "POST" ? post.get(path) : undefined;
    if (known !== undefined) {
      if (isForeign(request)) {
        return problem(403, "Other sites may not ask this.");
      }
      const body = await readJsonBody(request);
      return body.ok ? known(body.fields) : problem(body.status, body.message);
    }
    const page = get.get(path);
    if (page === undefined && !post.has(path)) {
      return problem(404, "There is nothing here.");
    }
    const readable = request.method === "GET" || request.method === "HEAD";
    return page !== undefined && readable
      ? page()
      : problem(405, `Use ${page === undefined ? "POST" : "GET"} here.`);
  };

  const server = createServer((request, response) => {
    answer(request)
      .catch((error: unknown) => {
        options.onError(error);
        return problem(500, "Something went wrong here; the log of the demo backend says what.");
      })
      .then((given) => send(request, response, given, headers))
      .catch(options.onError);
  });
  server.listen(options.port, options.host);
  await once(server, "listening");
  const bound = server.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : options.port;
  return {
    address: `http://${options.host}:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerToken(fields: Readonly<Record<string, unknown>>): Promise<Answer> {
  const asked = visitorName(fields["name"]);
  return asked.ok
    ? json(200, { token: await visitorToken(asked.name), expiresIn: VISITOR_TOKEN_SECONDS })
    : problem(400, asked.message);
}

function answerSay(fields: Readonly<Record<string, unknown>>, say: PageServerOptions["say"]): Answer {
  const { text, name } = fields;
  if (typeof text !== "string" || text.trim() === "" || text.length > LONGEST_LINE) {
    return problem(400, `"text" must be a string of 1 to ${LONGEST_LINE} characters.`);
  }
  const author = name === undefined ? undefined : visitorName(name);
  if (author?.ok === false) {
    return problem(400, author.message);
  }
  return say(text, author?.name)
    ? json(200, { published: "chat.lobby" })
    : problem(503, "NATS is out of reach. Nothing was published.");
}

/** Whether a browser sent it from a page of another origin. Everything else that can reach us here may ask. */
function isForeign(request: IncomingMessage): boolean {
  const { origin, host } = request.headers;
  return origin !== undefined && URL.parse(origin)?.host !== host;
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  { status, type, body }: Answer,
  headers: Readonly<Record<string, string>>,
): void {
  response.writeHead(status, {
    ...headers,
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    // What is left of a body that was too large is not worth reading.
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.end(request.method === "HEAD" ? undefined : body);
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json; charset=utf-8", body: `${JSON.stringify(value)}\n` };
}

function problem(status: number, message: string): Answer {
  return json(status, { message });
}
