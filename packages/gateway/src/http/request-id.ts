/** Longer ones, or with other characters, could do harm in logs and headers of those they are passed on to. */
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,128}$/;

/** The id of a request in answers and logs: the client's own, if it sent one that is fit for that. */
export function requestId(sent: string, make: () => string): string {
  return ACCEPTABLE.test(sent) ? sent : make();
}
