import { expect, test } from 'vitest';
import { parseServices } from '../../../src/adapters/proxy/service-table.ts';

const HEAD =
  '\u001B[3;94mService\u001B[0m          \u001B[3;94mHost\u001B[0m                         \u001B[3;94mPath\u001B[0m  \u001B[3;94mTarget\u001B[0m   \u001B[3;94mState\u001B[0m    \u001B[3;94mTLS\u001B[0m  \n';
const SHOP =
  '\u001B[1;34mshop-production\u001B[0m  \u001B[ma.example.com,b.example.com\u001B[0m  \u001B[m/\u001B[0m     \u001B[mt1:3000\u001B[0m  \u001B[mrunning\u001B[0m  \u001B[mno\u001B[0m   \n';
const WILD =
  '\u001B[1;34mwild\u001B[0m             \u001B[m*\u001B[0m                            \u001B[m/\u001B[0m     \u001B[mt2:3000\u001B[0m  \u001B[mpaused\u001B[0m   \u001B[mno\u001B[0m   \n';

test('The coloured table is parsed, with several hosts and with all hosts', () => {
  expect(parseServices(HEAD + SHOP + WILD)).toEqual([
    { name: 'shop-production', hosts: ['a.example.com', 'b.example.com'], target: 't1:3000', state: 'running' },
    { name: 'wild', hosts: [], target: 't2:3000', state: 'paused' },
  ]);
});

test('A table without colours and with carriage returns is parsed too', () => {
  const plain = 'Service  Host  Path  Target  State    TLS\r\na        b.c   /     d:1     running  no\r\n';
  expect(parseServices(plain)).toEqual([{ name: 'a', hosts: ['b.c'], target: 'd:1', state: 'running' }]);
});

test('An empty table has no services', () => {
  expect(parseServices('Service  Host  Path  Target  State  TLS  \n')).toEqual([]);
});

test('Output that is not a table is an error, not an empty list', () => {
  for (const output of ['', 'dial unix: no such file', 'Service  Host'])
    expect(() => parseServices(output)).toThrow(/Cannot parse/);
});
