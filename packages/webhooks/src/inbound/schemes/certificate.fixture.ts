import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** DER: one element with its tag, length and content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const { length } = body;
  const header =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...header]), body]);
}

const sequence = (...content: readonly Buffer[]) => der(0x30, ...content);
const hex = (text: string) => Buffer.from(text, "hex");

const SHA256_WITH_RSA = sequence(der(0x06, hex("2a864886f70d01010b")), der(0x05));
const COMMON_NAME = der(0x06, hex("550403"));
const BASIC_CONSTRAINTS = der(0x06, hex("551d13"));

export interface TestCertificate {
  readonly pem: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  readonly name: string;
  readonly issuer?: TestCertificate;
  /** Year in which it ends. */
  readonly until?: number;
}

/** An RSA certificate, signed by its issuer or by itself; any may issue others. */
export function testCertificate({ name, issuer, until = 2099 }: CertificateOptions): TestCertificate {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const nameOf = (text: string) => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));
  const authority = sequence(BASIC_CONSTRAINTS, der(0x04, sequence(der(0x01, hex("ff")))));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    SHA256_WITH_RSA,
    nameOf(issuer?.name ?? name),
    sequence(der(0x18, Buffer.from("20200101000000Z")), der(0x18, Buffer.from(`${until}1231235959Z`))),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(authority)),
  );
  const signature = sign("sha256", toBeSigned, issuer?.privateKey ?? privateKey);
  const lines = sequence(toBeSigned, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature))
    .toString("base64")
    .match(/.{1,64}/g);
  const pem = `-----BEGIN CERTIFICATE-----\n${lines?.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { pem, name, privateKey };
}
