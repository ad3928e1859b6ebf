import { type MeasuredCosts, readCosts, readSoak, readVerdict } from "./measured-costs.ts";

const MICROS = 1_000_000;
const KIB_PER_MIB = 1024;

/** A deployment to size, as docs/sizing.md tells it. Rates in a second. */
const EXAMPLE = {
  clients: 100_000,
  processes: 4,
  messages: 200,
  /** Of each message. */
  receivers: 100,
  connectsPerSecond: 2_000,
  ringMib: 64,
  /** Share of the clients that read so slowly that their outbox is full. */
  slow: 0.01,
  outboxMib: 1,
} as const;

/** Rows of the bench's verdicts. */
const RATIOS: Readonly<Record<string, string>> = {
  "most deliveries / bare":
    "Of the deliveries that a core can make at all, so much is left for a gateway that knows who may see what, counts, and bounds what waits",
  "most deliveries, joined / bare, joined":
    "The same for clients that take several messages in a frame (`batch`)",
  "CPU of a delivery to few / bare":
    "A gateway needs so many times the CPU of a server that does nothing but write",
  "CPU of a connection, by its address / bare":
    "The same for a connection whose address names token and channels: what is checked and kept of it, and its subscription",
  "CPU of a connection, by connect / bare": "The same where it says so in a message",
  "memory of a connection - bare, KiB":
    "What a connection adds to that of the bare server, with the garbage collected",
  "CPU of a delivery to few, on 3 nodes / on 1":
    "What it costs to spread the same clients over three processes, each of which takes every message",
  "most deliveries, event streams / bare, corked writes": "Event streams beside the least that they can cost",
};

/** What one process does. Rates in a second. */
interface ProcessLoad {
  readonly messages: number;
  readonly deliveries: number;
}

/** The generated sections of docs/sizing.md. */
export function sizingSections(): ReadonlyMap<string, string> {
  const costs = readCosts();
  return new Map([
    ["ratios", ratioTable()],
    ["costs", costTable(costs)],
    ["example", exampleTable(costs)],
    ["check", checkTable(costs)],
  ]);
}

function ratioTable(): string {
  return table(
    ["ratio", "measured", "what it says"],
    Object.entries(RATIOS).map(([title, meaning]) => [title, figure(readVerdict(title)), meaning]),
  );
}

function costTable(costs: MeasuredCosts): string {
  const { bare, quietRate, payloadBytes } = costs;
  return table(
    ["", "what", "measured"],
    [
      ["`i`", "CPU of a process that only has clients", `${figure(costs.idleCores * 100)} % of a core`],
      [
        "`m`",
        "CPU of a message in a process, besides its deliveries",
        `up to ${figure(costs.quietMessage)} µs where ${quietRate} come in a second; where a core is full of them, one and its only delivery take ${figure(costs.busyPair)} µs together`,
      ],
      [
        "`d`",
        `CPU of a delivery of ${payloadBytes} bytes that is a write of its own`,
        `${figure(costs.delivery)} µs; on an event stream ${figure(costs.streamDelivery)} µs; bare ${figure(bare.delivery)} µs`,
      ],
      [
        "`k`",
        "CPU of a connection until it is subscribed",
        `${figure(costs.connect)} µs; ${figure(costs.coldConnect)} µs for the first thousands of a process; bare ${figure(bare.connect)} µs`,
      ],
      ["`b`", "memory of a process without clients", `${figure(costs.processMib)} MiB`],
      [
        "`c`",
        "memory of a WebSocket with one subscription, after minutes of traffic",
        `${figure(costs.connectionKib)} KiB; ${figure(costs.streamKib)} KiB more for an event stream, ${figure(costs.ownChannelKib)} KiB more where nobody else has its channel`,
      ],
    ],
  );
}

function exampleTable(costs: MeasuredCosts): string {
  const { clients, processes, messages, receivers, connectsPerSecond, ringMib, slow, outboxMib } = EXAMPLE;
  const columns = [processes, processes - 1].map((count) => {
    const connections = clients / count;
    const load = { messages, deliveries: (messages * receivers) / count };
    return {
      connections,
      load,
      cores: coresOf(costs, load),
      storm: (connectsPerSecond * costs.connect) / MICROS,
      cold: (connectsPerSecond * costs.coldConnect) / MICROS,
      clientsMib: (connections * costs.connectionKib) / KIB_PER_MIB,
      slowMib: connections * slow * outboxMib,
    };
  });
  const row = (title: string, cell: (column: (typeof columns)[number]) => string) => [
    title,
    ...columns.map(cell),
  ];
  return table(
    ["of one process", `all ${processes} run`, "one is gone"],
    [
      row("connections", ({ connections }) => count(connections)),
      row("deliveries a second", ({ load }) => count(load.deliveries)),
      row("cores, `i + M × m + D × d`", ({ cores }) => cores.toFixed(2)),
      row(
        `cores besides, while ${count(connectsPerSecond)} connect in a second, \`K × k\``,
        ({ storm, cold }) => `${storm.toFixed(2)}, at first ${cold.toFixed(2)}`,
      ),
      row("MiB, `b`", () => count(costs.processMib)),
      row("MiB for connections, `C × c`", ({ clientsMib }) => count(clientsMib)),
      row("MiB for recent messages, `R`", () => count(ringMib)),
      row("MiB for one slow reader in a hundred, `S`", ({ slowMib }) => count(slowMib)),
      row("MiB in all", ({ clientsMib, slowMib }) =>
        count(costs.processMib + clientsMib + ringMib + slowMib),
      ),
    ],
  );
}

function checkTable(costs: MeasuredCosts): string {
  const { options, result } = readSoak();
  const { processes, connections, channels, everySeconds, ramp } = options;
  const { soak, openedSeconds, fullBytes } = result;
  const messages = channels / everySeconds;
  const deliveries = soak.received / soak.seconds;
  const formula = processes * coresOf(costs, { messages, deliveries: deliveries / processes });
  const rows = [
    ["connections, processes", `${count(connections)}, ${processes}`],
    ["messages, and deliveries, a second", `${count(messages)}, ${count(deliveries)}`],
    ["cores of all gateway processes by the formula", formula.toFixed(2)],
    ["cores of all gateway processes, measured", soak.gatewayCores.toFixed(2)],
    ["cores of NATS", soak.natsCores.toFixed(2)],
    ["memory of all gateway processes", `${count(fullBytes / 2 ** 20)} MiB`],
    ["publish to receipt, p50 and p99", `${figure(soak.p50Ms)} ms, ${figure(soak.p99Ms)} ms`],
    ["lost, and connections that ended", `${soak.expected - soak.received}, ${soak.ended}`],
    [`all connected, of which ${count(ramp)} began in a second, after`, `${count(openedSeconds)} s`],
  ];
  const { kill } = result;
  if (kill !== undefined) {
    const title = `${kill.killed} processes killed: ${count(kill.ended)} connections back after`;
    rows.push([title, `${count(kill.backSeconds)} s`]);
  }
  return table(["", "soak"], rows);
}

/** The most that it takes: as if messages were always so seldom that each finds the caches cold. */
function coresOf(costs: MeasuredCosts, { messages, deliveries }: ProcessLoad): number {
  return costs.idleCores + (messages * costs.quietMessage + deliveries * costs.delivery) / MICROS;
}

/** Two digits, or three where the first is a 1: more of them another run would not repeat. */
function figure(value: number): string {
  const digits = /^[0.]*1/.test(String(value)) ? 3 : 2;
  return String(Number(value.toPrecision(digits)));
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => "---"), ...rows];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
