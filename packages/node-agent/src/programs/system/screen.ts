/**
 * `clear`, `reset`
 */
import { applet } from '../support/applet.ts';

export const clear = applet(async (process) => {
  await process.print('\x1b[H\x1b[J');
  return 0;
});

export const reset = applet(async (process) => {
  await process.print('\x1bc\x1b(B\x1b[m\x1b[J\x1b[?25h');
  process.terminal?.setMode({
    icanon: true,
    echo: true,
    isig: true,
    icrnl: true,
    opost: true,
    onlcr: true,
    iexten: true,
  });
  return 0;
});
