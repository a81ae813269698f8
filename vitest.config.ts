import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/leaks.ts'],
    setupFiles: ['test/wait-timeout.ts'],
    // GitHub's packages import JSON without the attribute that Node asks for.
    execArgv: ['--import', './src/register.ts'],
    server: { deps: { external: [/@actions\//] } },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
