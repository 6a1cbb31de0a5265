/** One value of a metric that has several. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a metric is called, what it tells, and by what its values are told apart. Labels are few and known: never an id or a name. */
export interface MetricOptions<Label extends string = never> {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly Label[];
}

type LabelValues<Label extends string> = Readonly<Record<Label, string>>;

interface Metric {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  readonly help: string;
  /** Without name and type; empty: left out. */
  lines(): readonly string[];
}

/** Grows from zero, which is when the process began. */
export class Counter<Label extends string = never> implements Metric {
  readonly type = 'counter';
  readonly name: string;
  readonly help: string;
  private readonly series = new Map<string, number>();
  private readonly labels: readonly Label[];

  constructor({ name, help, labels = [] }: MetricOptions<Label>) {
    this.name = name;
    this.help = help;
    this.labels = labels;
    if (labels.length === 0) this.series.set('', 0);
  }

  add(values: LabelValues<Label>, by = 1): void {
    const key = labelText(this.labels, values);
    this.series.set(key, (this.series.get(key) ?? 0) + by);
  }

  lines(): readonly string[] {
    return [...this.series].map(([key, value]) => line(this.name, key, value));
  }
}

interface Distribution {
  /** How many were at most as large as each bound, not counting those of smaller bounds. */
  readonly counts: number[];
  sum: number;
  count: number;
}

/** How values are distributed; seconds, in the units of Prometheus. */
export class Histogram<Label extends string = never> implements Metric {
  readonly type = 'histogram';
  readonly name: string;
  readonly help: string;
  private readonly labels: readonly Label[];
  private readonly series = new Map<string, Distribution>();

  constructor(
    { name, help, labels = [] }: MetricOptions<Label>,
    /** Ascending. */
    private readonly bounds: readonly number[],
  ) {
    this.name = name;
    this.help = help;
    this.labels = labels;
  }

  observe(values: LabelValues<Label>, value: number): void {
    const key = labelText(this.labels, values);
    let series = this.series.get(key);
    if (series === undefined) {
      series = { counts: this.bounds.map(() => 0), sum: 0, count: 0 };
      this.series.set(key, series);
    }
    const index = this.bounds.findIndex((bound) => value <= bound);
    if (index >= 0) series.counts[index] = (series.counts[index] ?? 0) + 1;
    series.sum += value;
    series.count += 1;
  }

  lines(): readonly string[] {
    return [...this.series].flatMap(([key, { counts, sum, count }]) => {
      let below = 0;
      const buckets = this.bounds.map((bound, index) => {
        below += counts[index] ?? 0;
        return line(`${this.name}_bucket`, withLabel(key, 'le', numberText(bound)), below);
      });
      return [
        ...buckets,
        line(`${this.name}_bucket`, withLabel(key, 'le', '+Inf'), count),
        line(`${this.name}_sum`, key, sum),
        line(`${this.name}_count`, key, count),
      ];
    });
  }
}

/** Read when it is asked for; null: nobody knows at the moment, and the metric is left out. */
export type GaugeReading = number | readonly Sample[] | null;

class Gauge implements Metric {
  readonly type = 'gauge';
  readonly name: string;
  readonly help: string;

  constructor(
    { name, help }: MetricOptions,
    private readonly read: () => GaugeReading,
  ) {
    this.name = name;
    this.help = help;
  }

  lines(): readonly string[] {
    const reading = this.read();
    if (reading === null) return [];
    if (typeof reading === 'number') return [line(this.name, '', reading)];
    return reading.map(({ labels, value }) => line(this.name, labelText(Object.keys(labels), labels), value));
  }
}

/** Of calls between machines: from a millisecond to the longest that anybody waits. */
export const durationBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/** The metrics of one process, in the text format 0.0.4 of Prometheus. */
export class MetricRegistry {
  private readonly metrics = new Map<string, Metric>();

  counter<Label extends string = never>(options: MetricOptions<Label>): Counter<Label> {
    return this.add(new Counter(options));
  }

  histogram<Label extends string = never>(
    options: MetricOptions<Label>,
    bounds: readonly number[] = durationBounds,
  ): Histogram<Label> {
    return this.add(new Histogram(options, bounds));
  }

  gauge(options: MetricOptions, read: () => GaugeReading): void {
    this.add(new Gauge(options, read));
  }

  /** Ends in a line feed, as the format wants it. */
  text(): string {
    const parts = [...this.metrics.values()].flatMap((metric) => {
      const lines = metric.lines();
      if (lines.length === 0) return [];
      const { name, help, type } = metric;
      return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`, ...lines];
    });
    return `${parts.join('\n')}\n`;
  }

  private add<M extends Metric>(metric: M): M {
    if (!/^cloud_api_[a-z][a-z0-9_]*$/.test(metric.name)) throw new Error(`${metric.name} is no name of a metric`);
    if (this.metrics.has(metric.name)) throw new Error(`there are two metrics named ${metric.name}`);
    this.metrics.set(metric.name, metric);
    return metric;
  }
}

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

function line(name: string, labels: string, value: number): string {
  return `${name}${labels === '' ? '' : `{${labels}}`} ${numberText(value)}`;
}

function labelText(names: readonly string[], values: Readonly<Record<string, string>>): string {
  return names.map((name) => `${name}="${escapeLabel(values[name] ?? '')}"`).join(',');
}

function withLabel(labels: string, name: string, value: string): string {
  return `${labels}${labels === '' ? '' : ','}${name}="${value}"`;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}
