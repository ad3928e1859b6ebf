/** Whether a channel or pattern names a channel. */
export function names(pattern: string, channel: string): boolean {
  const wanted = pattern.split(".");
  const tokens = channel.split(".");
  return wanted.every((token, index) => {
    if (token === ">") {
      return index < tokens.length;
    }
    const isLast = index === wanted.length - 1;
    return (
      (token === "*" || token === tokens[index]) &&
      index < tokens.length &&
      (!isLast || tokens.length === wanted.length)
    );
  });
}
