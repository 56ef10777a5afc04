import type { Socket } from 'node:net';
import { CodedError, serviceErrors } from './errors.ts';
import { problemMediaType, problemOf } from './problem.ts';

/** Answers what is no HTTP request, or never becomes a whole one, and closes the connection: there is no request to reply to. */
export function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code !== 'ECONNRESET' && socket.writable) {
    const coded = codedErrorOf(error.code);
    const body = JSON.stringify(problemOf(coded));
    const head = `HTTP/1.1 ${coded.status} ${coded.title}\r\ncontent-type: ${problemMediaType}\r\ncontent-length: ${body.length}`;
    socket.write(`${head}\r\nconnection: close\r\n\r\n${body}`);
  }
  socket.destroy(error);
}

function codedErrorOf(code: string | undefined): CodedError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new CodedError(
      serviceErrors.requestTimeout,
      'The request did not arrive whole in the time there is for it.',
    );
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new CodedError(serviceErrors.headersTooLarge, 'The headers of the request are longer than they may be.');
  }
  return new CodedError(serviceErrors.invalidRequest, 'This is not an HTTP request, or a part of it is malformed.');
}
