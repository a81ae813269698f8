import { describe, expect, it } from 'vitest';
import { conditionOf, evaluateCondition, isAlwaysTrue } from '../../../src/workflows/expressions/condition.ts';

describe('The value of a condition', () => {
  const contexts = { github: { ref: 'refs/heads/main' }, env: { FLAG: 'success()' } };
  it.each([
    ['success()', true, false, false],
    ['failure()', false, true, false],
    ['cancelled()', false, false, true],
    ['always()', true, true, true],
    ['Always()', true, true, true],
    ['!cancelled()', true, true, false],
    ['failure() || cancelled()', false, true, true],
    ["github.ref == 'refs/heads/main'", true, false, false],
    ["github.ref == 'x'", false, false, false],
    ["always() && github.ref == 'x'", false, false, false],
    ["env.FLAG == 'success()'", true, false, false],
    ["contains('always()', 'a')", true, false, false],
    ["github['always']", false, false, false],
    ["format('{0}', failure()) == 'true'", false, true, false],
  ])('%s: after success %s, after failure %s, after cancellation %s', (condition, succeeded, failed, cancelled) => {
    expect(evaluateCondition(condition, contexts, 'succeeded')).toBe(succeeded);
    expect(evaluateCondition(condition, contexts, 'failed')).toBe(failed);
    expect(evaluateCondition(condition, contexts, 'cancelled')).toBe(cancelled);
  });

  it('An invalid condition throws', () => {
    expect(() => evaluateCondition('fromJSON(env.NONE)', contexts, 'succeeded')).toThrow('fromJSON');
    expect(() => evaluateCondition('a b', contexts, 'failed')).toThrow("Unrecognized named-value: 'a'");
  });
});

describe('The expression of an `if`', () => {
  it.each([
    ['', 'success()'],
    [' always() ', 'always()'],
    ['${{ always() }}', 'always()'],
    ["github.x == '}}'", "github.x == '}}'"],
  ])('%s', (text, condition) => {
    expect(conditionOf(text)).toBe(condition);
  });

  it('Text around an expression makes a condition always true, as on GitHub', () => {
    const condition = conditionOf("${{ false }} && it's {x}");
    expect(condition).toBe("format('{0} && it''s {{x}}',  false )");
    expect(evaluateCondition(condition, {}, 'succeeded')).toBe(true);
    expect(isAlwaysTrue('${{ false }} && x')).toBe(true);
    expect(isAlwaysTrue(' ${{ false }} ')).toBe(false);
  });
});
