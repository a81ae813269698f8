import { data } from '@actions/expressions';
import type { Json, JsonObject } from '../../jobs/json.ts';
import type { Contexts } from '../../jobs/run/plan.ts';

/** A context of `known` that has no value is null, so that reading from it is not an error. */
export function contextData(contexts: Contexts, known: readonly string[]): data.Dictionary {
  const absent = Object.fromEntries(known.map((name) => [name, null]));
  return new LazyDictionary({ ...absent, ...contexts });
}

export function fromJson(value: Json): data.ExpressionData {
  if (value === null) return new data.Null();
  if (typeof value === 'string') return new data.StringData(value);
  if (typeof value === 'number') return new data.NumberData(value);
  if (typeof value === 'boolean') return new data.BooleanData(value);
  if (!Array.isArray(value)) return new LazyDictionary(value);
  const list = new data.Array();
  for (const item of value) list.add(fromJson(item));
  return list;
}

export function toJson(value: data.ExpressionData): Json {
  if (value instanceof LazyDictionary) return value.source;
  if (value instanceof data.Dictionary)
    return Object.fromEntries(value.pairs().map((pair) => [pair.key, toJson(pair.value)]));
  if (value instanceof data.Array) return value.values().map(toJson);
  if (value instanceof data.NumberData || value instanceof data.BooleanData) return value.value;
  return value instanceof data.StringData ? value.value : null;
}

/**
 * A JSON object for expressions: names are case-insensitive, and a value is converted when it is first read, because
 * webhook payloads are large and expressions read little of them. Replaces GitHub's class, which loses the keys
 * `constructor` and `__proto__`.
 */
class LazyDictionary extends data.Dictionary {
  readonly source: JsonObject;
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, data.ExpressionData>();

  constructor(source: JsonObject) {
    super();
    this.source = source;
    for (const key of Object.keys(source)) {
      const name = key.toLowerCase();
      if (!this.#names.has(name)) this.#names.set(name, key);
    }
  }

  override get(key: string): data.ExpressionData | undefined {
    const name = this.#names.get(key.toLowerCase());
    return name === undefined ? undefined : this.#read(name);
  }

  override values(): data.ExpressionData[] {
    return this.pairs().map((pair) => pair.value);
  }

  override pairs(): { key: string; value: data.ExpressionData }[] {
    return [...this.#names.values()].map((key) => ({ key, value: this.#read(key) }));
  }

  #read(key: string): data.ExpressionData {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const value = fromJson(this.source[key] ?? null);
    this.#values.set(key, value);
    return value;
  }
}
