import { at } from "../../deploy/manifest.ts";

/** A refusal of the API server. The message is what the server says. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** Of HTTP. */
  readonly status: number;

  constructor(status: number, body: string) {
    super(messageOf(body) || `the API server answered with ${status}`);
    this.status = status;
  }
}

function messageOf(body: string): string {
  try {
    const message = at(JSON.parse(body), "message");
    return typeof message === "string" ? message : body;
  } catch {
    return body;
  }
}
