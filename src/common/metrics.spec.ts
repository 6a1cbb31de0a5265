import { describe, expect, it } from '@jest/globals';
import { MetricRegistry } from './metrics.js';

const option = (name: string, help = 'A test.') => ({ name: `cloud_api_${name}`, help });

function lines(registry: MetricRegistry): readonly string[] {
  const text = registry.text();
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

describe('a counter', () => {
  it('begins at zero and grows', () => {
    const registry = new MetricRegistry();
    const counter = registry.counter(option('things_total'));
    const head = ['# HELP cloud_api_things_total A test.', '# TYPE cloud_api_things_total counter'];
    expect(lines(registry)).toEqual([...head, 'cloud_api_things_total 0']);
    counter.add({});
    counter.add({}, 2.5);
    expect(lines(registry)).toEqual([...head, 'cloud_api_things_total 3.5']);
  });

  it('has a value for each combination of labels, in one order, and none before the first', () => {
    const registry = new MetricRegistry();
    const counter = registry.counter({ ...option('calls_total'), labels: ['method', 'status'] as const });
    expect(registry.text()).toBe('\n');
    counter.add({ status: '200', method: 'GET' });
    counter.add({ method: 'GET', status: '200' });
    counter.add({ method: 'PUT', status: '409' });
    expect(lines(registry).slice(2)).toEqual([
      'cloud_api_calls_total{method="GET",status="200"} 2',
      'cloud_api_calls_total{method="PUT",status="409"} 1',
    ]);
  });
});

describe('a gauge', () => {
  it('is read when it is asked for, and left out while nobody knows', () => {
    const registry = new MetricRegistry();
    let value: number | null = 1;
    registry.gauge(option('level'), () => value);
    expect(lines(registry)).toContain('cloud_api_level 1');
    value = -Infinity;
    expect(lines(registry)).toContain('cloud_api_level -Inf');
    value = null;
    expect(registry.text()).toBe('\n');
  });

  it('may have several values', () => {
    const registry = new MetricRegistry();
    registry.gauge(option('ages'), () => [
      { labels: { type: 'server' }, value: 1.25 },
      { labels: { type: 'volume' }, value: NaN },
    ]);
    expect(lines(registry).slice(2)).toEqual([
      'cloud_api_ages{type="server"} 1.25',
      'cloud_api_ages{type="volume"} NaN',
    ]);
  });
});

describe('a histogram', () => {
  it('counts each value in every bucket that holds it', () => {
    const registry = new MetricRegistry();
    const histogram = registry.histogram({ ...option('wait_seconds'), labels: ['route'] as const }, [0.1, 1]);
    for (const seconds of [0.1, 0.5, 30]) histogram.observe({ route: '/servers/{id}' }, seconds);
    const labels = 'route="/servers/{id}"';
    expect(lines(registry)).toEqual([
      '# HELP cloud_api_wait_seconds A test.',
      '# TYPE cloud_api_wait_seconds histogram',
      `cloud_api_wait_seconds_bucket{${labels},le="0.1"} 1`,
      `cloud_api_wait_seconds_bucket{${labels},le="1"} 2`,
      `cloud_api_wait_seconds_bucket{${labels},le="+Inf"} 3`,
      `cloud_api_wait_seconds_sum{${labels}} 30.6`,
      `cloud_api_wait_seconds_count{${labels}} 3`,
    ]);
  });

  it('needs no labels', () => {
    const registry = new MetricRegistry();
    registry.histogram(option('bare_seconds'), [1]).observe({}, 2);
    expect(lines(registry).slice(2)).toEqual([
      'cloud_api_bare_seconds_bucket{le="1"} 0',
      'cloud_api_bare_seconds_bucket{le="+Inf"} 1',
      'cloud_api_bare_seconds_sum 2',
      'cloud_api_bare_seconds_count 1',
    ]);
  });
});

describe('the text', () => {
  it('escapes what would break a line', () => {
    const registry = new MetricRegistry();
    registry
      .counter({ ...option('odd_total', 'a \\ and\na "quote"'), labels: ['what'] as const })
      .add({ what: 'a\n"b" \\' });
    expect(lines(registry)).toEqual([
      '# HELP cloud_api_odd_total a \\\\ and\\na "quote"',
      '# TYPE cloud_api_odd_total counter',
      'cloud_api_odd_total{what="a\\n\\"b\\" \\\\"} 1',
    ]);
  });

  it('has one metric a name, and only names of ours', () => {
    const registry = new MetricRegistry();
    registry.counter(option('one_total'));
    expect(() => registry.counter(option('one_total'))).toThrow('two metrics');
    expect(() => registry.counter({ name: 'other_total', help: '' })).toThrow('no name');
    expect(() => registry.counter({ name: 'cloud_api_Total', help: '' })).toThrow('no name');
  });
});
