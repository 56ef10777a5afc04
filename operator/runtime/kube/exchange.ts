import { type ClientHttp2Stream, constants, type IncomingHttpHeaders, type IncomingHttpStatusHeader } from 'node:http2';
import type { Refusal } from './api-error.ts';
import { UnsentError } from './connection.ts';
import type { Patience } from './patience.ts';

/** A whole answer, whatever its status. */
export type Answer = Refusal;
type Head = Omit<Answer, 'text'>;

function headOf(headers: IncomingHttpHeaders & IncomingHttpStatusHeader): Head {
  const seconds = Number(headers['retry-after']);
  const retryAfterSeconds = Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
  return { status: headers[':status'] ?? 0, retryAfterSeconds };
}

/** Why a stream ended without what was waited for. */
function endOf(stream: ClientHttp2Stream, patience: Patience, error?: Error): Error {
  if (patience.over !== undefined) return patience.over;
  const refused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
  if (refused) return new UnsentError('the server refused the stream unread', { cause: error });
  return error ?? new Error('the stream ended before the answer was complete');
}

/** The first part of an answer whose body is to be read as it comes. */
export function readHead(stream: ClientHttp2Stream, patience: Patience): Promise<Head> {
  return new Promise((resolve, reject) => {
    stream.once('response', (headers) => resolve(headOf(headers)));
    stream.once('error', (error) => reject(endOf(stream, patience, error)));
    stream.once('close', () => reject(endOf(stream, patience)));
  });
}

export async function readText(stream: ClientHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return textOf(chunks);
}

/** Reads a whole answer. When patience ends before, the stream is destroyed. */
export function readAnswer(stream: ClientHttp2Stream, patience: Patience): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let head: Head | undefined;
    let complete = false;
    const finish = (): void => {
      if (head === undefined) return;
      complete = true;
      resolve({ ...head, text: textOf(chunks) });
    };
    patience.whenOver((reason) => void stream.destroy(reason));
    stream.once('response', (headers) => {
      head = headOf(headers);
    });
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk));
    stream.once('end', finish);
    stream.once('error', (error) => reject(endOf(stream, patience, error)));
    stream.once('close', () => {
      if (complete) return;
      // A server that refuses before it has read the body resets the stream without error right behind its answer.
      if (head !== undefined && head.status >= 400 && stream.rstCode === constants.NGHTTP2_NO_ERROR) finish();
      else reject(endOf(stream, patience));
    });
  });
}

function textOf(chunks: readonly Buffer[]): string {
  const [first] = chunks;
  return chunks.length === 1 && first !== undefined ? first.toString('utf8') : Buffer.concat(chunks).toString('utf8');
}
