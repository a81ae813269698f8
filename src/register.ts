import { registerHooks } from 'node:module';

// GitHub's workflow packages import JSON without the `type: json` attribute that Node asks for.
registerHooks({
  load(url, context, next) {
    if (!url.endsWith('.json')) return next(url, context);
    return next(url, { ...context, importAttributes: { ...context.importAttributes, type: 'json' } });
  },
});
