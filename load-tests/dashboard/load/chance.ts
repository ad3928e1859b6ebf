/** One of them, each as likely as its weight says. */
export function choose<Choice>(
  choices: readonly (readonly [weight: number, choice: Choice])[],
  random = Math.random(),
): Choice | undefined {
  const sum = choices.reduce((total, [weight]) => total + weight, 0);
  let left = random * sum;
  for (const [weight, choice] of choices) {
    left -= weight;
    if (left < 0) return choice;
  }
  return choices.at(-1)?.[1];
}
