/** Shorter values are not hidden: they would match too much ordinary text. */
const SHORTEST = 3;
/** For base64, whose short pieces also occur in ordinary text. */
const SHORTEST_BASE64 = 6;

/** The forms in which a value may appear in a log: as it is, line by line, and in common encodings. */
export function secretForms(value: string): string[] {
  const lines = value.split(/\r?\n|\r/).map((line) => line.trim());
  const forms = [value, value.trim(), ...lines, ...lines.map(asJson)];
  for (const whole of new Set([value, value.trim()])) forms.push(asJson(whole), ...asUrl(whole), ...asBase64(whole));
  return [...new Set(forms)].filter((form) => form.trim().length >= SHORTEST);
}

function asJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function asUrl(text: string): string[] {
  const encoded = encodeURIComponent(text.toWellFormed());
  return [encoded, encoded.replaceAll('%20', '+'), encodeURI(text.toWellFormed())];
}

/** Within a longer base64 text a value has three forms, by its position; characters that also encode its neighbours are left out. */
function asBase64(text: string): string[] {
  const bytes = Buffer.from(text);
  return [0, 1, 2].flatMap((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes]);
    const encoded = shifted.toString('base64').replace(/=+$/, '');
    const own = encoded.slice(shift === 0 ? 0 : shift + 1, shifted.length % 3 === 0 ? undefined : -1);
    if (own.length < SHORTEST_BASE64) return [];
    return [own, own.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
