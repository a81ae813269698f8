export const release = 1;

export function greet(greeting = 'Welcome') {
  return `${greeting} to the shop, release ${release}.`;
}
