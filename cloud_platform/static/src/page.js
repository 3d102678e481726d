/** @odoo-module **/

import {Component, onWillStart, onWillUnmount, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
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

    // What is shown as a sentence: a whole one, since languages order its parts differently

    get levels() {
        return {error: _t("error"), warning: _t("warning")};
    }

    get sessions() {
        return this.state.page.sessions === "files" ? _t("files") : this.state.page.sessions;
    }

    get marks() {
        const {marks} = this.state.page;
        return _t("%(marks)s marks of deleted files wait for their collection.", {marks});
    }

    get spilled() {
        const {files, bytes} = this.state.page.spilled;
        return _t("%(files)s new files (%(size)s) wait in the database for the file storage.", {
            files,
            size: this.humanSize(bytes),
        });
    }

    get comparison() {
        const {state, missing, marked, message} = this.state.page.comparison;
        if (state === "failed") {
            return _t(
                "The last comparison of the file storage with the database failed: %(message)s",
                {
                    message,
                }
            );
        }
        return _t(
            "The last comparison of the file storage with the database found %(missing)s missing files and %(marked)s files without an attachment.",
            {missing, marked}
        );
    }

    get progress() {
        const {moved, total, location, failed, rate, seconds_left} = this.state.move;
        return _t(
            "%(moved)s of %(total)s files moved to %(location)s, %(rate)s a second, %(seconds)s seconds left, %(failed)s failed",
            {
                moved,
                total,
                location,
                failed,
                rate: Math.round(rate),
                seconds: Math.round(seconds_left),
            }
        );
    }

    get outcome() {
        const {state, moved, location, failed} = this.state.move;
        const values = {moved, location, failed};
        if (state === "done") {
            return _t(
                "The last move is done: %(moved)s files moved to %(location)s, %(failed)s failed.",
                values
            );
        }
        if (state === "stopped") {
            return _t(
                "The last move was stopped: %(moved)s files moved to %(location)s, %(failed)s failed.",
                values
            );
        }
        return _t(
            "The last move failed: %(moved)s files moved to %(location)s, %(failed)s failed.",
            values
        );
    }

    get elsewhere() {
        const {files, bytes} = this.state.page.elsewhere;
        const size = this.humanSize(bytes);
        return _t("%(files)s files (%(size)s) are not where they belong.", {files, size});
    }

    installLabel(kind) {
        return this.state.page.kind ? _t("Install again") : _t("Install on %(kind)s", {kind});
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
