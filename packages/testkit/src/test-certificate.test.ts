import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { testCertificate } from "./test-certificate.ts";

describe("a test certificate", () => {
  const authority = testCertificate({ name: "Authority" });

  it("is its own authority unless another issues it", () => {
    const root = new X509Certificate(authority.pem);
    const leaf = new X509Certificate(testCertificate({ name: "Leaf", issuer: authority }).pem);
    expect([root.ca, root.checkIssued(root), root.verify(root.publicKey)]).toEqual([true, true, true]);
    expect([leaf.checkIssued(root), leaf.verify(root.publicKey)]).toEqual([true, true]);
    expect([leaf.subject, leaf.issuer]).toEqual(["CN=Leaf", "CN=Authority"]);
    expect(leaf.checkPrivateKey(authority.privateKey)).toBe(false);
    expect(root.checkPrivateKey(authority.privateKey)).toBe(true);
  });

  it("is for the address that is given, until the end of the year that is", () => {
    const { pem } = testCertificate({ name: "Server", address: "127.0.0.1", until: 2030 });
    const certificate = new X509Certificate(pem);
    expect(certificate.checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(certificate.checkIP("127.0.0.2")).toBeUndefined();
    expect(new Date(certificate.validTo).getUTCFullYear()).toBe(2030);
  });
});
