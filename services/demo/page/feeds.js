import { compareFeeds } from "./feed-agreement.js";
import { FeedPanel } from "./feed-panel.js";
import { askNode } from "./gateway-http.js";
import { NODES, otherNode } from "./nodes.js";
import { PollFeed } from "./poll-feed.js";
import { SseFeed } from "./sse-feed.js";
import { TickerPanel } from "./ticker-panel.js";
import { TokenSource } from "./token.js";

const FEED = "feed.demo";
const TICKER = "ticker.price";
/** How long a node may hold a long poll, in ms. */
const LONG_POLL = 25_000;
/** What short polling waits between two requests, in ms. */
const SHORT_POLL = 5_000;
/** How long everything stays away when the button says so, in ms: long enough to be seen. */
const AWAY = 2_500;
/**
 * A page out of sight lets go of its connections after this, in ms, and resumes when it is looked at again. That costs
 * its reader nothing, and browsers allow only six to one HTTP/1.1 address, all tabs together.
 */
const HIDDEN = 5_000;

const byId = (id) => document.getElementById(id);
const everyNode = byId("every-node");
const agreement = byId("agreement");
const problem = byId("feeds-problem");
const announcement = byId("feeds-announcement");

const tokens = new TokenSource("guest");
const here = Math.max(0, byId("node").selectedIndex);
const ticker = new TickerPanel({ element: byId("ticker-panel"), node: here, channel: TICKER });
// On different nodes, so that what they agree on is more than the word of one process.
const feeds = [
  feed("SSE", "sse-panel", otherNode(here), (options) => new SseFeed(options)),
  feed("long polling", "long-poll-panel", here, (options) => {
    return new PollFeed({ ...options, timeout: LONG_POLL, interval: 0 });
  }),
  feed("short polling", "short-poll-panel", otherNode(here), (options) => {
    return new PollFeed({ ...options, timeout: 0, interval: SHORT_POLL });
  }),
];
const panels = [ticker, ...feeds.map(({ panel }) => panel)];
/** After the button: how each feed came back, by its name. */
let returns;

everyNode.append(...NODES.map(({ name }) => new Option(name)));
everyNode.addEventListener("change", () => {
  // Before the nodes stands a word for "each where it is", to which the choice goes back.
  const node = everyNode.selectedIndex - 1;
  everyNode.selectedIndex = 0;
  for (const panel of panels) {
    panel.open(node);
  }
});
byId("notify").addEventListener("click", () => void publishNotice());
byId("lose").addEventListener("click", () => void loseEverything());
addEventListener("online", () => {
  for (const panel of panels) {
    panel.retryNow();
  }
});
pauseWhileHidden();
for (const panel of panels) {
  panel.start();
}

function feed(name, id, node, connect) {
  const panel = new FeedPanel({
    element: byId(id),
    node,
    channel: FEED,
    tokens,
    connect: (callbacks) => connect({ nodes: NODES, channel: FEED, tokens, ...callbacks }),
    onChange: showAgreement,
    onReturn: (outcome) => noteReturn(name, outcome),
  });
  return { name, panel };
}

/** Asks the backend for a notification, through whichever node answers. */
async function publishNotice() {
  let reason = "";
  for (const { url } of NODES) {
    const token = await tokens.get().catch(() => undefined);
    const answer = await askNode(`${url}/v1/request`, { token, body: { method: "demo.notify", data: {} } });
    if (answer.ok) {
      problem.textContent = "";
      return;
    }
    reason = answer.reason;
  }
  problem.textContent = `Nothing was published: ${reason}.`;
}

/** What a lost network does, but on purpose: everybody is away while something is published, and comes back elsewhere. */
async function loseEverything() {
  returns = new Map();
  announcement.textContent = "All connections are closed. They come back on the other node.";
  for (const panel of panels) {
    panel.moveOn(AWAY);
  }
  document.dispatchEvent(new CustomEvent("lose-connection", { detail: { milliseconds: AWAY } }));
  await publishNotice();
}

/** Only what the user set off is read out: the feeds themselves would never stop talking. */
function noteReturn(name, outcome) {
  returns?.set(name, outcome);
  if (returns?.size === feeds.length) {
    announcement.textContent = [...returns].map((pair) => pair.join(" ")).join(". ");
    returns = undefined;
  }
}

function showAgreement() {
  const comparison = compareFeeds(feeds.map(({ panel }) => panel.ids));
  agreement.dataset.kind = comparison.kind;
  agreement.textContent = describeComparison(comparison);
}

function describeComparison(comparison) {
  switch (comparison.kind) {
    case "agree":
      return "All three show the same.";
    case "behind": {
      const late = feeds.flatMap(({ name }, index) => {
        const count = comparison.behind[index];
        return count === 0 ? [] : [`${name} (${count})`];
      });
      return `Behind: ${late.join(", ")}.`;
    }
    default:
      return "They differ, which is a defect.";
  }
}

function pauseWhileHidden() {
  let timer;
  let paused = false;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.hidden) {
      timer = setTimeout(() => {
        paused = true;
        for (const panel of panels) {
          panel.pause();
        }
      }, HIDDEN);
    } else if (paused) {
      paused = false;
      for (const panel of panels) {
        panel.resume();
      }
    }
  });
}
