import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { nkeys } from "@nats-io/transport-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { authenticatorFor } from "./broker-credentials.ts";

function credsFile(jwt: string, seed: Uint8Array): string {
  return [
    "-----BEGIN NATS USER JWT-----",
    jwt,
    "------END NATS USER JWT------",
    "",
    "-----BEGIN USER NKEY SEED-----",
    Buffer.from(seed).toString(),
    "------END USER NKEY SEED------",
    "",
  ].join("\n");
}

describe("authenticatorFor", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tidegate-broker-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("answers the server's nonce with JWT and signature from a creds file", () => {
    const user = nkeys.createUser();
    const path = join(folder, "gw.creds");
    writeFileSync(path, credsFile("header.claims.signature", user.getSeed()));
    const answer = authenticatorFor({ kind: "creds_file", path })?.("nonce");
    expect(answer).toMatchObject({ jwt: "header.claims.signature", nkey: user.getPublicKey() });
    const signature = Buffer.from(String(Reflect.get(Object(answer), "sig")), "base64");
    expect(user.verify(Buffer.from("nonce"), signature)).toBe(true);
  });

  it("reads the file again at every connect, and keeps the last good one while it is broken", () => {
    const path = join(folder, "gw.nk");
    const [first, second] = [nkeys.createUser(), nkeys.createUser()];
    writeFileSync(path, first.getSeed());
    const authenticator = authenticatorFor({ kind: "nkey_file", path });
    expect(authenticator?.("n")).toMatchObject({ nkey: first.getPublicKey() });
    writeFileSync(path, "half writ");
    expect(authenticator?.("n")).toMatchObject({ nkey: first.getPublicKey() });
    writeFileSync(path, `${Buffer.from(second.getSeed()).toString()}\n`);
    expect(authenticator?.("n")).toMatchObject({ nkey: second.getPublicKey() });
    rmSync(path);
    expect(authenticator?.("n")).toMatchObject({ nkey: second.getPublicKey() });
  });

  it("refuses a file that holds something else, without quoting it", () => {
    const path = join(folder, "gw.creds");
    writeFileSync(path, "s3cret that is no creds file");
    for (const kind of ["creds_file", "nkey_file"] as const) {
      const make = () => authenticatorFor({ kind, path });
      expect(make).toThrow(/^unreadable_file: .*gw\.creds/);
      expect(make).not.toThrow(/s3cret/);
    }
  });
});
