import { contractSuite } from './contract/suite.ts';
import { levelDriver } from './level-driver.ts';

contractSuite(levelDriver());
