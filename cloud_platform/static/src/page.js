/** @odoo-module **/

import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {useService} from "@web/core/utils/hooks";

const WATCH_EVERY_MS = 2000;
const UNITS = ["B", "kB", "MB", "GB", "TB"];

/**
 * Settings > Technical > Cloud Platform: the checks, where the files are, and a move of them
 * that can be started, watched and stopped.
 */
export class CloudPlatformPage extends Component {
    setup() {
        this.orm = useService("orm");
        this.state = useState({page: null, move: false, busy: false});
        onWillStart(() => this.load());
        onWillUnmount(() => clearTimeout(this.timer));
    }

    async load() {
        this.showPage(await this.call("page"));
    }

    async refresh() {
        await this.once(() => this.load());
    }

    async install(kind) {
        await this.once(async () => this.showPage(await this.call("start_install", kind)));
    }

    async startMove() {
        await this.once(async () => this.show(await this.call("start_move")));
    }

    async stopMove() {
        await this.once(async () => this.show(await this.call("stop_move")));
    }

    get isMoving() {
        return this.state.move && ["running", "stopping"].includes(this.state.move.state);
    }

    get percent() {
        const {moved, failed, total} = this.state.move;
        return total ? Math.min(100, Math.round((100 * (moved + failed)) / total)) : 100;
    }

    get storages() {
        return Object.entries(this.state.page.storages).map(([place, figures]) => ({
            place,
            files: figures.files,
            size: this.humanSize(figures.bytes),
        }));
    }

    humanSize(bytes) {
        let size = bytes;
        let unit = 0;
        while (size >= 1000 && unit < UNITS.length - 1) {
            size /= 1000;
            unit += 1;
        }
        return `${unit ? size.toFixed(1) : size} ${UNITS[unit]}`;
    }

    // Private

    call(method, ...args) {
        return this.orm.call("cloud.platform", method, args);
    }

    async once(work) {
        if (this.state.busy) {
            return;
        }
        this.state.busy = true;
        try {
            await work();
        } finally {
            this.state.busy = false;
        }
    }

    showPage(page) {
        this.state.page = page;
        this.show(page.move);
    }

    show(move) {
        const wasMoving = this.isMoving;
        this.state.move = move;
        clearTimeout(this.timer);
        if (this.isMoving) {
            this.timer = setTimeout(() => this.watch(), WATCH_EVERY_MS);
        } else if (wasMoving) {
            this.load();
        }
    }

    async watch() {
        this.show(await this.call("latest_move"));
    }
}

CloudPlatformPage.template = "cloud_platform.Page";
CloudPlatformPage.props = ["*"];

registry.category("actions").add("cloud_platform.page", CloudPlatformPage);
