import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** DER: one element with its tag, length and content. */
function der(tag: number, ...content: readonly Buffer[]): Buffer {
  const body = Buffer.concat(content);
  // The shortest form of the length is the only valid one.
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
const SUBJECT_ALT_NAME = der(0x06, hex("551d11"));

export interface TestCertificate {
  readonly pem: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** The common name. */
  readonly name: string;
  /** The IPv4 address of a server that it is for; none unless given. */
  readonly address?: string;
  /** Signs it; it signs itself unless given. */
  readonly issuer?: TestCertificate;
  /** Year in which it ends. Default: 2099. */
  readonly until?: number;
}

/** An RSA certificate that may issue others, made afresh so that no private key lies in the repository. */
export function testCertificate(options: CertificateOptions): TestCertificate {
  const { name, address, issuer, until = 2099 } = options;
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const nameOf = (text: string) => sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(text)))));
  const extensions = [sequence(BASIC_CONSTRAINTS, der(0x04, sequence(der(0x01, hex("ff")))))];
  if (address !== undefined) {
    const bytes = Buffer.from(address.split(".").map(Number));
    extensions.push(sequence(SUBJECT_ALT_NAME, der(0x04, sequence(der(0x87, bytes)))));
  }
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    SHA256_WITH_RSA,
    nameOf(issuer?.name ?? name),
    sequence(der(0x18, Buffer.from("20200101000000Z")), der(0x18, Buffer.from(`${until}1231235959Z`))),
    nameOf(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", toBeSigned, issuer?.privateKey ?? privateKey);
  const lines = sequence(toBeSigned, SHA256_WITH_RSA, der(0x03, Buffer.from([0]), signature))
    .toString("base64")
    .match(/.{1,64}/g);
  const pem = `-----BEGIN CERTIFICATE-----\n${lines?.join("\n")}\n-----END CERTIFICATE-----\n`;
  return { pem, name, privateKey };
}
