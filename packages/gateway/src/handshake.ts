/**
 * What the gateway keeps of an opening request, copied while the native request object was valid. Holds
 * credentials: it never reaches a log and is dropped once the connection is authenticated.
 */
export interface Handshake {
  readonly query: string;
  readonly origin: string;
  readonly host: string;
  readonly authorization: string;
  readonly subprotocols: string;
  readonly cookie: string;
  /** Address of the client, after forwarding headers were weighed. */
  readonly address: string;
}
