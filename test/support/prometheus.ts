/** One line of a metric. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const namePattern = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const sampleLine = new RegExp(`^(${namePattern})(?:\\{(.*)\\})? (\\S+)$`);
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"/y;

/**
 * Reads the text format 0.0.4 as strictly as it is written down: HELP and TYPE before the samples of a metric, each metric once and in
 * one piece, no sample twice, histograms that add up.
 *
 * @throws Error naming the line that is wrong
 */
export function parseMetrics(text: string): readonly MetricSample[] {
  if (!text.endsWith('\n')) throw new Error('the text does not end in a line feed');
  const samples: MetricSample[] = [];
  const types = new Map<string, string>();
  const helps = new Set<string>();
  const seen = new Set<string>();
  let current: string | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, what = '', name = '', rest = ''] = comment;
      if (what === 'HELP') {
        if (helps.has(name)) throw new Error(`a second HELP: ${line}`);
        if (/\\(?![\\n])/.test(rest)) throw new Error(`a wrong escape: ${line}`);
        helps.add(name);
      } else {
        if (types.has(name)) throw new Error(`a second TYPE: ${line}`);
        if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`no type: ${line}`);
        types.set(name, rest);
        current = name;
      }
      continue;
    }
    const sample = sampleOf(line);
    const family = familyOf(sample.name, types);
    if (family === null || family !== current || !helps.has(family)) throw new Error(`not under its TYPE: ${line}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`a second time: ${line}`);
    seen.add(key);
    samples.push(sample);
  }
  for (const [name, type] of types) {
    if (type === 'histogram') checkHistogram(name, samples);
  }
  return samples;
}

/** The value of one sample whose labels are (at least) these; undefined when there is none. */
export function valueOf(
  samples: readonly MetricSample[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  return samples.find(
    (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
  )?.value;
}

function sampleOf(line: string): MetricSample {
  const [, name = '', labelText, number = ''] = sampleLine.exec(line) ?? [];
  if (name === '') throw new Error(`no sample: ${line}`);
  if (!/^([+-]Inf|NaN|-?\d+(\.\d+)?(e[+-]?\d+)?)$/.test(number)) throw new Error(`no number: ${line}`);
  const value = Number(number.replace('Inf', 'Infinity'));
  return { name, labels: labelText === undefined ? {} : labelsOf(labelText, line), value };
}

function labelsOf(text: string, line: string): Readonly<Record<string, string>> {
  const labels: Record<string, string> = {};
  for (let at = 0; at < text.length;) {
    label.lastIndex = at;
    const [whole, name = '', value = ''] = label.exec(text) ?? [];
    if (whole === undefined || name in labels) throw new Error(`wrong labels: ${line}`);
    labels[name] = value.replace(/\\(.)/g, (_escape, char: string) => (char === 'n' ? '\n' : char));
    at += whole.length;
    if (at < text.length && text[at] !== ',') throw new Error(`wrong labels: ${line}`);
    at += 1;
  }
  return labels;
}

function familyOf(name: string, types: ReadonlyMap<string, string>): string | null {
  if (types.has(name)) return types.get(name) === 'histogram' ? null : name;
  const family = name.replace(/_(bucket|sum|count)$/, '');
  return types.get(family) === 'histogram' ? family : null;
}

function checkHistogram(name: string, samples: readonly MetricSample[]): void {
  const counts = samples.filter((sample) => sample.name === `${name}_count`);
  for (const { labels, value } of counts) {
    const buckets = samples.filter(
      (sample) =>
        sample.name === `${name}_bucket` && Object.entries(labels).every(([key, of]) => sample.labels[key] === of),
    );
    const bounds = buckets.map((bucket) => Number(bucket.labels['le']?.replace('Inf', 'Infinity')));
    const isAscending = bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? Infinity));
    const isGrowing = buckets.every((bucket, index) => index === 0 || bucket.value >= (buckets[index - 1]?.value ?? 0));
    if (!isAscending || !isGrowing || bounds.at(-1) !== Infinity || buckets.at(-1)?.value !== value)
      throw new Error(`the buckets of ${name} ${JSON.stringify(labels)} do not add up`);
  }
}
