// Every signed-in page: starts what the page has a place for.

import { listenToButtons, startActions } from '../actions.js';
import { startAlerts } from '../alerts.js';
import { startBulk } from '../bulk.js';
import { command } from '../core.js';
import { startDesk } from '../desk.js';
import { showKeys, startKeys } from '../keys.js';
import { startList } from '../list.js';
import { startMacros } from '../macros.js';
import { startMenus } from '../menus.js';
import { startPanel } from '../panel.js';
import { startPalette } from '../palette.js';
import { startSending } from '../sending.js';
import { startSheet } from '../sheet.js';
import { startSignature } from '../signature.js';
import { startThread } from '../thread.js';
import { startClock, startRefreshing } from '../times.js';
import { startWiring } from '../wiring.js';

startList();
startThread();
startDesk();
startActions();
startMenus();
startBulk();
startSending();
startSheet();
startMacros();
command('keys', showKeys);
startKeys();
startPalette();
listenToButtons();
startClock();
startRefreshing();
startPanel();
startAlerts();
startWiring();
startSignature();
