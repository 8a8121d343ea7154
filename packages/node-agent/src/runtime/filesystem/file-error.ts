/**
 * What a system call on a file descriptor or a path can fail with: POSIX's error codes and the C library's words.
 */
export const ERROR_TEXT = {
  EPERM: 'Operation not permitted',
  ENOENT: 'No such file or directory',
  ESRCH: 'No such process',
  EINTR: 'Interrupted system call',
  EIO: 'Input/output error',
  ENXIO: 'No such device or address',
  E2BIG: 'Argument list too long',
  ENOEXEC: 'Exec format error',
  EBADF: 'Bad file descriptor',
  ECHILD: 'No child processes',
  EAGAIN: 'Resource temporarily unavailable',
  ENOMEM: 'Cannot allocate memory',
  EACCES: 'Permission denied',
  EBUSY: 'Device or resource busy',
  EEXIST: 'File exists',
  EXDEV: 'Invalid cross-device link',
  ENODEV: 'No such device',
  ENOTDIR: 'Not a directory',
  EISDIR: 'Is a directory',
  EINVAL: 'Invalid argument',
  EMFILE: 'Too many open files',
  ENOTTY: 'Inappropriate ioctl for device',
  ETXTBSY: 'Text file busy',
  EFBIG: 'File too large',
  ENOSPC: 'No space left on device',
  ESPIPE: 'Illegal seek',
  EROFS: 'Read-only file system',
  EMLINK: 'Too many links',
  EPIPE: 'Broken pipe',
  ENAMETOOLONG: 'File name too long',
  ENOTEMPTY: 'Directory not empty',
  ELOOP: 'Too many levels of symbolic links',
  EDQUOT: 'Disk quota exceeded',
} as const satisfies Readonly<Record<string, string>>;

export type FileErrorCode = keyof typeof ERROR_TEXT;

/** `reason` is what a program prints behind its name and the path. */
export class FileError extends Error {
  constructor(
    readonly code: FileErrorCode,
    /** The system call that failed. */
    readonly operation: string,
    readonly path = '',
    options?: ErrorOptions,
  ) {
    super(`${code}: ${ERROR_TEXT[code].toLowerCase()}, ${operation}${path === '' ? '' : ` '${path}'`}`, options);
    this.name = 'FileError';
  }

  get reason(): string {
    return ERROR_TEXT[this.code];
  }
}

export function isFileError(error: unknown, code?: FileErrorCode): error is FileError {
  return error instanceof FileError && (code === undefined || error.code === code);
}
