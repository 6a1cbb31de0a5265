import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message: string };
}

interface Pending {
  readonly resolve: (result: Readonly<Record<string, unknown>>) => void;
  readonly reject: (error: Error) => void;
}

/** Where a Chromium is: CHROMIUM, or the first of its names on the PATH; null where there is none. */
export function chromiumPath(): string | null {
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const candidates = [
    ...(process.env['CHROMIUM'] === undefined ? [] : [process.env['CHROMIUM']]),
    ...names.flatMap((name) => folders.map((folder) => join(folder, name))),
  ];
  return candidates.find((path) => isExecutable(path)) ?? null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A headless Chromium with one page, driven over a pipe by the DevTools protocol: no port, no library. */
export class Browser {
  private buffer = '';
  private lastId = 0;
  private session: string | null = null;
  private readonly pending = new Map<number, Pending>();
  /** What the page threw or complained of; answers of 400 and above are not among it. */
  readonly complaints: string[] = [];

  private constructor(
    private readonly process: ChildProcess,
    private readonly folder: string,
    private readonly input: Writable,
    output: Readable,
  ) {
    output.setEncoding('utf8');
    output.on('data', (chunk: string) => {
      const parts = `${this.buffer}${chunk}`.split('\0');
      this.buffer = parts.pop() ?? '';
      for (const part of parts) this.hear(JSON.parse(part) as Message);
    });
    process.on('exit', () => {
      for (const { reject } of this.pending.values()) reject(new Error('Chromium has ended'));
    });
  }

  static async start(path: string): Promise<Browser> {
    const folder = await mkdtemp(join(tmpdir(), 'chromium-'));
    const options = ['--headless=new', '--remote-debugging-pipe', '--no-sandbox', '--disable-gpu', '--hide-scrollbars'];
    const child = spawn(
      path,
      [...options, '--no-first-run', '--disable-background-networking', `--user-data-dir=${folder}`],
      {
        stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
      },
    );
    const browser = new Browser(child, folder, child.stdio[3] as Writable, child.stdio[4] as Readable);
    const { targetId } = await browser.send('Target.createTarget', { url: 'about:blank' });
    const { sessionId } = await browser.send('Target.attachToTarget', { targetId, flatten: true });
    browser.session = String(sessionId);
    for (const domain of ['Page', 'Runtime', 'Log']) await browser.send(`${domain}.enable`);
    return browser;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    await this.send('Browser.close').catch(() => undefined);
    await Promise.race([ended, sleep(5_000, undefined, { ref: false })]);
    this.process.kill('SIGKILL');
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async open(url: string, width = 1280, height = 900): Promise<void> {
    await this.resize(width, height);
    await this.send('Page.navigate', { url });
    await this.until(`document.readyState === 'complete'`);
  }

  async resize(width: number, height = 900): Promise<void> {
    await this.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
  }

  /** Cuts the page off from every server, or lets it reach them again. */
  async setOffline(offline: boolean): Promise<void> {
    await this.send('Network.enable');
    await this.send('Network.emulateNetworkConditions', {
      ...{ offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 },
    });
  }

  /** The value of an expression, as JSON can hold it. */
  async evaluate<T>(expression: string): Promise<T> {
    const answer = await this.send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
    if (answer['exceptionDetails'] !== undefined)
      throw new Error(`${expression}: ${JSON.stringify(answer['exceptionDetails'])}`);
    return (answer['result'] as { readonly value: T }).value;
  }

  /** Waits until an expression holds. */
  async until(expression: string, timeoutMs = 15_000): Promise<void> {
    for (const end = Date.now() + timeoutMs; ;) {
      if (await this.evaluate<boolean>(`Boolean(${expression})`)) return;
      if (Date.now() > end)
        throw new Error(`not so after ${String(timeoutMs)} ms: ${expression}\n${await this.text('body')}`);
      await sleep(50);
    }
  }

  /** What can be read in an element. */
  async text(selector: string): Promise<string> {
    return this.evaluate<string>(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`);
  }

  /** Waits until an element shows a text. */
  async shows(selector: string, text: string): Promise<void> {
    await this.until(`${textOf(selector)}.includes(${JSON.stringify(text)})`);
  }

  /** Clicks with the mouse on what is called so: a button, a link, or the control of a label. */
  async click(name: string, within = 'body'): Promise<void> {
    const find = `[...document.querySelectorAll(${JSON.stringify(
      ['button', 'a', 'summary', 'label', 'input[aria-label]'].map((tag) => `${within} ${tag}`).join(', '),
    )})].find((one) => one.checkVisibility() && !one.disabled && (one.getAttribute('aria-label') ?? one.innerText).trim() === ${JSON.stringify(name)})`;
    // A page that draws itself anew may take it away, or move it, before the mouse is there: what the click met is asked for.
    const aim = `(() => { const one = ${find}; one?.scrollIntoView({ block: 'center' }); const [box] = one?.getClientRects() ?? [];
      if (box === undefined) return null;
      window.metByClick = false;
      addEventListener('click', ({ target }) => { window.metByClick = ${find}?.contains(target) === true; }, { capture: true, once: true });
      return { x: box.x + box.width / 2, y: box.y + box.height / 2 }; })()`;
    for (let [met, end] = [false, Date.now() + 15_000]; !met;) {
      if (Date.now() > end) throw new Error(`no click reaches “${name}”: something lies over it`);
      await this.until(find);
      const at = await this.evaluate<{ x: number; y: number } | null>(aim);
      if (at === null) continue;
      for (const type of ['mousePressed', 'mouseReleased'])
        await this.send('Input.dispatchMouseEvent', { type, ...at, button: 'left', clickCount: 1 });
      met = await this.evaluate<boolean>('window.metByClick !== false');
    }
  }

  /** Chooses a value in the list of choices that has this name in its form. */
  async choose(name: string, value: string): Promise<void> {
    const list = `document.querySelector(${JSON.stringify(`select[name=${name}]`)})`;
    await this.until(list);
    await this.evaluate(
      `(() => { const one = ${list}; one.value = ${JSON.stringify(value)}; one.dispatchEvent(new Event('change', { bubbles: true })); })()`,
    );
  }

  /** Types into the control of a label, over what stands there. */
  async type(label: string, text: string, within = 'body'): Promise<void> {
    const control = `document.getElementById([...document.querySelectorAll(${JSON.stringify(`${within} label`)})].find((one) => one.checkVisibility() && one.innerText.trim() === ${JSON.stringify(label)})?.htmlFor)`;
    await this.until(control);
    await this.evaluate(`(() => { const control = ${control}; control.focus(); control.select?.(); })()`);
    await this.send('Input.insertText', { text });
  }

  /** Of the whole page. */
  async screenshot(file: string): Promise<void> {
    const { data } = await this.send('Page.captureScreenshot', { captureBeyondViewport: true });
    await writeFile(file, Buffer.from(String(data), 'base64'));
  }

  private send(
    method: string,
    params: Readonly<Record<string, unknown>> = {},
  ): Promise<Readonly<Record<string, unknown>>> {
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject });
      const session = this.session === null ? {} : { sessionId: this.session };
      this.input.write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  private hear({ id, method, params, result, error }: Message): void {
    if (method === 'Runtime.exceptionThrown') this.complaints.push(JSON.stringify(params));
    if (method === 'Log.entryAdded') {
      const entry = params?.['entry'] as { readonly source: string; readonly level: string; readonly text: string };
      if (entry.level === 'error' && entry.source !== 'network') this.complaints.push(entry.text);
    }
    const waiting = id === undefined ? undefined : this.pending.get(id);
    if (id === undefined || waiting === undefined) return;
    this.pending.delete(id);
    if (error === undefined) waiting.resolve(result ?? {});
    else waiting.reject(new Error(error.message));
  }
}

function textOf(selector: string): string {
  return `(document.querySelector(${JSON.stringify(selector)})?.innerText ?? '')`;
}
