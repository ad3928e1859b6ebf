/** What an answer may depend on besides the question; given in, so that the bot itself is a pure function. */
export interface BotContext {
  /** Who asks; `undefined` if anonymous. */
  readonly user: string | undefined;
  readonly now: Date;
  /** From 0 up to, not including, 1; asked once per die. */
  readonly random: () => number;
}

interface Rule {
  readonly pattern: RegExp;
  readonly answer: (match: RegExpExecArray, context: BotContext) => string;
}

const HELP =
  "I am Tide, the demo bot. Try: time, date, tide, roll 2d6, flip a coin, who are you, how does this work. Or ask me anything that ends in a question mark.";

const ORACLE = [
  "The water says yes.",
  "Not on this tide. Ask again on the next.",
  "Smooth sailing, as far as I can see.",
  "I would keep a lifejacket on.",
  "Signs point to harbour.",
  "The fog is thick there. I cannot see it.",
  "Without a doubt, and with a fair wind.",
  "Better to stay ashore on that one.",
] as const;

const MOST_DICE = 20;
const MOST_SIDES = 1000;

/** From one high water to the next, in ms: half a lunar day. */
const TIDE_PERIOD = 12.4206 * 3_600_000;

/** The first rule that fits answers, so the more particular ones stand first. */
const RULES: readonly Rule[] = [
  { pattern: /^(?:help|commands|\?|what can you do\b.*)?$/, answer: () => HELP },
  { pattern: /\broll\b(?:\D*?(\d*)d(\d+)|\D*(\d+))?/, answer: roll },
  {
    pattern: /\b(?:coin|flip|toss)\b/,
    answer: (_match, { random }) => (random() < 0.5 ? "Heads." : "Tails."),
  },
  {
    pattern: /\btime\b|\bclock\b/,
    answer: (_match, { now }) => `It is ${now.toISOString().slice(11, 19)} UTC.`,
  },
  {
    pattern: /\b(?:date|day|today)\b/,
    answer: (_match, { now }) => `Today is ${dayFormat.format(now)}.`,
  },
  { pattern: /\btides?\b|\bwater\b/, answer: (_match, { now }) => describeTide(now) },
  {
    pattern: /\bwho are you\b|\byour name\b|\bare you (?:a )?(?:bot|human|real)\b/,
    answer: () => "I am Tide: a few rules behind a NATS subject, rpc.demo.bot. Friendly ones, I hope.",
  },
  {
    pattern: /\bhow (?:does|do) (?:this|it|that|you) work\b|\bwhat is (?:this|tidegate)\b/,
    answer: () =>
      "Your browser sent a request to its gateway node, the node asked NATS, NATS asked me, and the answer came back the same way. The chat itself is plain messages on rt.chat.lobby.",
  },
  { pattern: /^ping\b/, answer: () => "pong" },
  { pattern: /\b(?:thanks|thank you|cheers)\b/, answer: () => "Any time. I come in twice a day." },
  {
    pattern: /^(?:bye|goodbye|good night|see you)\b/,
    answer: (_match, { user }) => `Fair winds${to(user)}!`,
  },
  {
    pattern: /^(?:hi|hello|hey|ahoy|good (?:morning|afternoon|evening))\b/,
    answer: (_match, { user }) => `Ahoy${to(user)}! Say help to see what I know.`,
  },
  { pattern: /\?$/, answer: (match) => oracle(match.input) },
];

const dayFormat = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeZone: "UTC" });

/**
 * What the bot says to a line of chat. Always something, always short; the same question at the same moment with
 * the same dice gives the same answer.
 */
export function answerQuestion(question: string, context: BotContext): string {
  const text = question.trim().toLowerCase();
  for (const { pattern, answer } of RULES) {
    const match = pattern.exec(text);
    if (match !== null) {
      return answer(match, context);
    }
  }
  return "I have no rule for that, and I am all rules. Say help to see them.";
}

/** `roll`, `roll 20` and `roll 2d6`. */
function roll(match: RegExpExecArray, { random }: BotContext): string {
  const [, count, sidesOfCount, sidesAlone] = match;
  const dice = count === undefined || count === "" ? 1 : Number(count);
  const sides = Number(sidesOfCount ?? sidesAlone ?? 6);
  if (dice < 1 || dice > MOST_DICE || sides < 2 || sides > MOST_SIDES) {
    return `My cup holds 1 to ${MOST_DICE} dice with 2 to ${MOST_SIDES} sides.`;
  }
  const values = Array.from({ length: dice }, () => 1 + Math.floor(random() * sides));
  const sum = values.reduce((total, value) => total + value, 0);
  return dice === 1 ? `You rolled ${sum}.` : `You rolled ${values.join(" + ")} = ${sum}.`;
}

/** A tide of nowhere in particular: high water at the epoch and every period after it. */
function describeTide(now: Date): string {
  const phase = (now.getTime() % TIDE_PERIOD) / TIDE_PERIOD;
  if (phase < 0.05 || phase >= 0.95) {
    return "High water. A good moment to open the gate.";
  }
  if (phase >= 0.45 && phase < 0.55) {
    return "Low water. Mind the mud.";
  }
  return phase < 0.5 ? "The tide is going out." : "The tide is coming in.";
}

/** The same question gets the same answer: an oracle that wavers is no use to anyone. */
function oracle(question: string): string {
  let sum = 0;
  for (const character of question) {
    sum = (sum * 33 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  }
  return ORACLE[sum % ORACLE.length] ?? ORACLE[0];
}

function to(user: string | undefined): string {
  return user === undefined ? "" : `, ${user}`;
}
