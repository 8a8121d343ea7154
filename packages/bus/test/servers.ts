/** As other packages' tests see them. */
export * from '../src/testing/mod.ts';
