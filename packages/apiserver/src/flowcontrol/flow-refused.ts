/** Too much is asked at once: 429. */
export class FlowRefused extends Error {
  readonly code = 'too-many-requests';

  constructor() {
    super('Too many requests, please try again later.');
    this.name = 'FlowRefused';
  }
}
