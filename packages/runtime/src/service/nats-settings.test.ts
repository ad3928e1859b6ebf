import { expect, test } from "vitest";
import { defineSettings, type SettingsOf } from "../settings/define-settings.ts";
import { natsDisagreements, natsSettings } from "./nats-settings.ts";

const table = defineSettings({ settings: natsSettings, refine: ({ nats }) => natsDisagreements(nats) });

type Nats = SettingsOf<typeof table>["nats"];
const NOTHING = {
  ...{ user: undefined, password: undefined, token: undefined, credsFile: undefined, nkeyFile: undefined },
  ...{ certFile: undefined, keyFile: undefined },
};

test.each<[Partial<Nats>, readonly string[]]>([
  [{}, []],
  [{ user: "u", password: "p", caFile: "ca.pem" }, []],
  [{ certFile: "c.pem", keyFile: "k.pem", token: "t" }, []],
  [{ token: "t", nkeyFile: "a.nk" }, ["nats.user"]],
  [{ user: "u" }, ["nats.password"]],
  [{ password: "p" }, ["nats.password"]],
  [{ certFile: "c.pem" }, ["nats.keyFile"]],
  [{ user: "u", credsFile: "a.creds", keyFile: "k.pem" }, ["nats.user", "nats.password", "nats.keyFile"]],
])("of %j, what does not go together is %j", (nats, paths) => {
  expect(natsDisagreements({ ...NOTHING, ...nats }).map(({ path }) => path)).toEqual(paths);
});
