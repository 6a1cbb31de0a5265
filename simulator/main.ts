import { startSimulator } from './simulator.js';

const port = Number(process.env['SIMULATOR_PORT'] ?? '5050');
const host = process.env['SIMULATOR_HOST'] ?? '127.0.0.1';

function stopWith(message: string): never {
  console.error(message);
  process.exit(1);
}

if (!Number.isInteger(port) || port < 0 || port > 65_535) stopWith('SIMULATOR_PORT: a number from 0 to 65535');

try {
  const simulator = await startSimulator({ port, host });
  console.log(`The simulated OpenStack listens on ${simulator.url} (Keystone: ${simulator.authUrl})`);
  const stop = (): void => {
    void simulator.close().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
} catch (error) {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    stopWith(`Port ${String(port)} is in use, perhaps by another simulator; choose another with SIMULATOR_PORT.`);
  }
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL') stopWith(`Cannot listen on ${host}:${String(port)}: ${code}`);
  throw error;
}
