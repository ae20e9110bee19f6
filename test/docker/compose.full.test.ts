// What the compose file promises, read from the file itself, and by Docker's own plugin where it is there.

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Service {
  readonly command?: readonly string[];
  readonly hostname?: string;
  readonly pid?: string;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly cap_drop?: readonly string[];
  readonly privileged?: boolean;
  readonly mem_limit?: string;
  readonly pids_limit?: number;
}

const { scripts } = JSON.parse(readFileSync(`${ROOT}package.json`, 'utf8')) as {
  scripts: Record<'workers', string>;
};

const { services } = parse(readFileSync(`${ROOT}docker-compose.yml`, 'utf8'), { merge: true }) as {
  services: Record<'api' | 'workers' | 'mongodb' | 'valkey', Service>;
};

describe('the compose file', () => {
  it('API and workers: neither needs the other, and one host name, so that a dead holder of a lock is known', () => {
    for (const service of [services.api, services.workers]) {
      expect(service.pid).toBeUndefined();
      expect(Object.keys(service.depends_on ?? {})).toEqual(['mongodb', 'valkey']);
    }
    expect(services.workers.hostname).toBe(services.api.hostname);
    expect(services.api.hostname).toBeDefined();
    expect(services.workers.volumes).toEqual(services.api.volumes);
    expect(services.workers.environment?.POOL_STATE_FILE).toBe(
      services.api.environment?.POOL_STATE_FILE,
    );
  });

  it('API and workers: sagas run in the workers alone, and both wait for healthy databases', () => {
    const limits = ['--max-semi-space-size=8', '--max-old-space-size=256'];
    expect(services.api.command).toEqual(['node', ...limits, 'src/main/server.ts']);
    expect(services.api.environment?.WORKERS).toBe('none');
    // Started as `npm run workers` starts them: with the heap's limits.
    expect(services.workers.command?.join(' ')).toBe(scripts.workers.replace('exec ', ''));
    for (const service of [services.api, services.workers]) {
      expect(service.depends_on?.mongodb?.condition).toBe('service_healthy');
      expect(service.depends_on?.valkey?.condition).toBe('service_healthy');
    }
  });

  it('the secret that signs sessions: asked for, and given to the API alone', () => {
    expect(services.api.environment?.SESSION_SECRET).toMatch(/^\$\{SESSION_SECRET:\?/);
    expect(services.workers.environment).not.toHaveProperty('SESSION_SECRET');
  });

  it('API and workers: what they may take of the machine is bounded', () => {
    for (const { mem_limit, pids_limit } of [services.api, services.workers]) {
      expect({ mem_limit, pids_limit }).toEqual({
        mem_limit: `\${MEMORY_LIMIT:-768m}`,
        pids_limit: 256,
      });
    }
  });

  it('signing in: by Firebase, whose web settings the pages are told where there are any', () => {
    for (const name of ['FIREBASE_WEB_API_KEY']) {
      expect(services.api.environment?.[name]).toBe(`\${${name}:-}`);
    }
    expect(services.api.environment?.AUTH).toBe('firebase');
  });

  it('API and workers: measured inside the network, and published to nobody', () => {
    const port = services.workers.environment?.METRICS_PORT;
    expect(services.workers.healthcheck?.test.at(-1)).toContain(`127.0.0.1:${port}/livez`);
    expect(services.workers.environment?.METRICS_HOST).toBe('0.0.0.0');
    expect(services.workers.ports).toBeUndefined();
    expect(services.api.environment?.METRICS_PORT).toBe(port);
    expect(services.api.ports).toEqual([`127.0.0.1:\${PORT:-3000}:3000`]);
    for (const { environment } of [services.api, services.workers]) {
      expect(environment?.METRICS_TOKEN).toBe(`\${METRICS_TOKEN:-}`);
    }
  });

  it('health checks: each word of their commands is text, as Docker wants it', () => {
    for (const { healthcheck } of Object.values(services)) {
      expect(healthcheck?.test.length).toBeGreaterThan(1);
      expect(healthcheck?.test.map((word) => typeof word)).toEqual(
        healthcheck?.test.map(() => 'string'),
      );
    }
  });

  it('MongoDB: a replica set that the health check makes, because transactions need one', () => {
    expect(services.mongodb.command).toContain('--replSet');
    expect(services.mongodb.healthcheck?.test.at(-1)).toContain('rs.initiate');
    expect(services.api.environment?.MONGODB_URI).toContain('replicaSet=reclaim');
  });

  it('Valkey: writes every change to disk and evicts nothing', () => {
    const command = services.valkey.command?.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
  });

  it('ports: published to this machine only', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('the Docker socket: only for the two that need it, without privileges beside it', () => {
    for (const [name, service] of Object.entries(services)) {
      const hasSocket = service.volumes?.some((volume) => volume.includes('docker.sock')) ?? false;
      expect(hasSocket).toBe(name === 'api' || name === 'workers');
      if (hasSocket) expect(service.cap_drop).toEqual(['ALL']);
      expect(service.privileged).toBeUndefined();
    }
  });

  const hasPlugin = spawnSync('docker', ['compose', 'version']).status === 0;
  it.skipIf(!hasPlugin)('read by the compose plugin: accepted', () => {
    const env = { ...process.env, FIREBASE_PROJECT_ID: 'shop-1', SESSION_SECRET: 'x' };
    execFileSync('docker', ['compose', '-f', `${ROOT}docker-compose.yml`, 'config', '-q'], { env });
  });
});

describe('the image', () => {
  it('every folder that runs: copied, and not kept from the Docker daemon', () => {
    const dockerfile = readFileSync(`${ROOT}Dockerfile`, 'utf8');
    const kept = readFileSync(`${ROOT}.dockerignore`, 'utf8').split('\n');
    for (const folder of ['src', 'workers', 'web', 'fixtures']) {
      if (!existsSync(ROOT + folder)) continue;
      expect(dockerfile).toContain(`COPY ${folder} ./${folder}`);
      expect(kept).toContain(`!${folder}`);
    }
  });

  it('its processes: not root', () => {
    expect(readFileSync(`${ROOT}Dockerfile`, 'utf8')).toMatch(/^USER node$/m);
  });
});
