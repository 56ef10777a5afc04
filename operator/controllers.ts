import type { ImageCatalog } from '@sluice/api';
import type { Controller } from '@sluice/runtime';
import { appDeploymentController } from './controllers/app-deployment/controller.ts';
import { orderBookController } from './controllers/order-book/controller.ts';
import { sequenceCounterController } from './controllers/sequence-counter/controller.ts';

/** All controllers of the operator. */
export function controllers(options: { readonly catalog: ImageCatalog }): Controller[] {
  return [appDeploymentController(options), sequenceCounterController(options), orderBookController(options)];
}
