/** The terminal under a live view: what is written, and that it is given back. */
import { describe, expect, it } from 'vitest';
import { Screen } from '../../src/live/screen.ts';
import type { TerminalPort } from '../../src/live/terminal-port.ts';

class FakeTerminal implements TerminalPort {
  columns = 20;
  rows = 3;
  written = '';
  isRaw = false;

  write(text: string): void {
    this.written += text;
  }

  raw(on: boolean): void {
    this.isRaw = on;
  }

  onInput(): () => void {
    return () => {};
  }

  onResize(): () => void {
    return () => {};
  }

  onEnd(): () => void {
    return () => {};
  }

  taken(): string {
    const text = this.written;
    this.written = '';
    return text;
  }
}

describe('the screen', () => {
  it('WS-42: writes only lines that changed, everything after a resize', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.enter();
    terminal.taken();
    screen.draw([[{ text: 'one' }], [{ text: 'two', style: 'good' }]]);
    expect(terminal.taken()).toContain('\x1b[1;1Hone');
    screen.draw([[{ text: 'one' }], [{ text: 'other', style: 'good' }]]);
    const second = terminal.taken();
    expect(second).toContain('\x1b[2;1H\x1b[32mother\x1b[0m');
    expect(second).not.toContain('one');
    screen.draw([[{ text: 'one' }], [{ text: 'other', style: 'good' }]]);
    expect(terminal.taken()).toBe('');
    terminal.columns = 10;
    screen.draw([[{ text: 'a line that is too long' }]]);
    expect(terminal.taken()).toContain('\x1b[2J\x1b[1;1Ha line th…');
  });

  it('WS-42: gives the terminal back once, and writes nothing after that', () => {
    const terminal = new FakeTerminal();
    const screen = new Screen(terminal);
    screen.enter();
    expect(terminal.isRaw).toBe(true);
    expect(terminal.taken()).toContain('\x1b[?1049h\x1b[?25l');
    screen.leave();
    expect(terminal.isRaw).toBe(false);
    expect(terminal.taken()).toBe('\x1b[0m\x1b[?25h\x1b[?1049l');
    screen.leave();
    screen.draw([[{ text: 'late' }]]);
    expect(terminal.taken()).toBe('');
  });
});
