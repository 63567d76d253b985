function file = fetch_asset(dandiset, version, path, folder)
    % FETCH_ASSET  Bring one asset of the archive to a folder; return its file.
    %
    %   A file that is there already is not fetched again.  Large files stay where they are:
    %   give nwbRead the address `s3://dandiarchive/...` instead.
    %
    %   dandiset, version, path  as on the archive's page
    %   folder                   where to put it
    archive = getenv('DANDI_INSTANCE');
    if isempty(archive)
        archive = 'https://api.dandiarchive.org';
    end
    assets = sprintf('%s/api/dandisets/%s/versions/%s/assets/', archive, dandiset, version);
    found = webread(assets, 'path', path);
    if isempty(found.results)
        error('fetch_asset:none', '%s/%s has no asset %s', dandiset, version, path);
    end
    [~, name, extension] = fileparts(path);
    file = fullfile(folder, [name extension]);
    if exist(file, 'file') ~= 2
        address = sprintf('%s%s/download/', assets, found.results(1).asset_id);
        websave(file, address);
    end
end
